//! The disk runs low, or is filled at once by somebody else: reads and repeats go on, changes are refused as
//! `read_only`, and come back without a restart once there is room.

use std::fs;
use std::path::PathBuf;

use saldo_protocol::Level;
use serde_json::json;

use super::{Failure, Shown};
use crate::real::image::{FileSystem, Image};
use crate::{Engine, Http, Setup, Told, eventually, uuid};

/// The image, in MiB.
const IMAGE_MEBIBYTES: u64 = 64;
const PATH: &str = "/v1/stock/A/X/receive";
/// Changes until the disk must be found full: each is a batch of its own, which takes a page of the journal.
const CHANGES_MAX: u64 = 20_000;

/// What somebody else has written to the disk.
struct Ballast(PathBuf);

impl Ballast {
    /// Writes until at most so many bytes are free.
    fn leave(image: &Image, free_bytes: u64) -> Result<Self, String> {
        let failed = |error| format!("no ballast: {error}");
        let path = image.mount_point().join("ballast");
        let mut file = fs::File::create(&path).map_err(failed)?;
        let block = vec![0x5a_u8; 64 << 10];
        loop {
            let space = rustix::fs::statvfs(&path).map_err(|error| failed(error.into()))?;
            if space.f_bavail * space.f_frsize <= free_bytes {
                return Ok(Self(path));
            }
            match std::io::Write::write_all(&mut file, &block).and_then(|()| file.sync_data()) {
                Ok(()) => {}
                Err(error) if error.kind() == std::io::ErrorKind::StorageFull => {
                    return Ok(Self(path));
                }
                Err(error) => return Err(failed(error)),
            }
        }
    }

    fn remove(self) -> Result<(), String> {
        fs::remove_file(self.0).map_err(|error| error.to_string())
    }
}

/// The engine itself uses up what is left down to its watermark.
pub async fn runs_low() -> Shown {
    fills(4 << 20, 16 << 20).await
}

/// Somebody else takes all that is left, the watermark too.
pub async fn is_filled_at_once() -> Shown {
    fills(4 << 20, 0).await
}

async fn fills(watermark_bytes: u64, left_bytes: u64) -> Shown {
    let image = Image::new(FileSystem::Ext4, IMAGE_MEBIBYTES).map_err(Failure::LeftOut)?;
    let watermark = watermark_bytes.to_string();
    let settings = [
        ("segment_bytes", "1048576"),
        ("disk_free_bytes_min", watermark.as_str()),
        ("checkpoint_seconds", "1"),
    ];
    let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    let engine = Engine::set_up(Setup {
        settings: settings.into_iter().map(owned).collect(),
        data_dir: Some(image.mount_point().join("data")),
        ..Setup::default()
    })
    .await;
    let http = engine.http();
    let key = uuid().to_string();
    http.post_once(&key, PATH, json!({"quantity": 1})).await.ok::<Level>();
    let ballast = Ballast::leave(&image, left_bytes)?;
    let (mut acknowledged, refused) = receive_until_refused(&http).await?;
    acknowledged += 1;
    if refused.header("retry-after").is_empty() {
        return Err(Failure::Broken("read_only came without Retry-After".to_owned()));
    }
    read_on(&http, &key, acknowledged).await?;
    ballast.remove()?;
    eventually("changes to come back", async || {
        let told = http.post(PATH, json!({"quantity": 1})).await;
        (told.status == 200).then_some(())
    })
    .await;
    acknowledged += 1;
    read_on(&http, &key, acknowledged).await?;
    let stopped = engine.kill().await;
    stopped.verify().await;
    let engine = stopped.start().await;
    read_on(&engine.http(), &key, acknowledged).await?;
    let stopped = engine.stop().await;
    stopped.verify().await;
    drop(stopped);
    Ok(format!("{acknowledged} changes acknowledged, then read_only, and back without a restart"))
}

/// Receives single units; how many were acknowledged, and the refusal.
async fn receive_until_refused(http: &Http) -> Result<(i64, Told), Failure> {
    let mut acknowledged = 0;
    for _ in 0..CHANGES_MAX {
        let told = http.post(PATH, json!({"quantity": 1})).await;
        match told.status {
            200 => acknowledged += 1,
            503 if told.code() == "read_only" => return Ok((acknowledged, told)),
            _ => return Err(Failure::Broken(format!("a change was answered {}", told.text()))),
        }
    }
    Err(Failure::Broken(format!("{CHANGES_MAX} changes, and the disk was never found full")))
}

/// Reads and repeats go on, and tell all that was acknowledged.
async fn read_on(http: &Http, key: &str, acknowledged: i64) -> Result<(), Failure> {
    let level: Level = http.level("A", "X").await;
    let repeat = http.post_once(key, PATH, json!({"quantity": 1})).await;
    if level.on_hand != acknowledged {
        return Err(Failure::Broken(format!("{acknowledged} acknowledged, there are {level:?}")));
    }
    if repeat.status != 200 || !repeat.is_replayed() {
        return Err(Failure::Broken(format!("a repeat was answered {}", repeat.text())));
    }
    let movements = http.movements("A", "X").await.len();
    if i64::try_from(movements) != Ok(acknowledged) {
        return Err(Failure::Broken(format!("{acknowledged} acknowledged, {movements} movements")));
    }
    Ok(())
}
