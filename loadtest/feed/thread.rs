//! One thread of subscribers: opens them, lets them read until the end is announced, and compares what they hold.

use std::cell::RefCell;
use std::ops::Range;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::LocalSet;
use tokio::time::timeout;

use crate::feed::held::{Final, Held};
use crate::feed::keys::Keys;
use crate::feed::reader::{READ_BYTES, Reader, Shared};
use crate::feed::settings::{FeedSettings, FleetFault, Manner, Selection};
use crate::feed::socket::Dial;
use crate::feed::tally::Tally;
use crate::measure::cpu::ThreadWatch;

/// Handshakes of one thread under way at a time.
const HANDSHAKES_MAX: usize = 64;

/// The levels to hold at the end, once they are known.
pub(super) type Wanted = Option<Arc<[Final]>>;

/// What one thread does.
pub(super) struct Plan {
    pub(super) settings: FeedSettings,
    pub(super) dial: Dial,
    pub(super) keys: Keys,
    /// Numbers of its subscribers.
    pub(super) numbers: Vec<u32>,
    pub(super) wanted: watch::Receiver<Wanted>,
    pub(super) ready: oneshot::Sender<Result<(), FleetFault>>,
}

/// A thread from its beginning to its end.
pub(super) fn run(plan: Plan) -> Tally {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    match runtime {
        Ok(runtime) => LocalSet::new().block_on(&runtime, plan.carry_out()),
        Err(error) => {
            plan.ready.send(Err(FleetFault::Thread(error))).unwrap_or_default();
            Tally::default()
        }
    }
}

impl Plan {
    async fn carry_out(self) -> Tally {
        let Self { settings, dial, keys, numbers, wanted, ready } = self;
        let shared = Rc::new(Shared {
            form: dial.form,
            keys: keys.clone(),
            tally: RefCell::default(),
            buffer: RefCell::new(vec![0; READ_BYTES]),
        });
        let opened = open_all(&settings, &dial, &keys, &numbers).await;
        let sockets = match opened {
            Ok(sockets) => sockets,
            Err(fault) => {
                ready.send(Err(fault)).unwrap_or_default();
                return Tally::default();
            }
        };
        // Each subscriber tells once.
        let (tell, mut told) = mpsc::channel(numbers.len().max(1));
        let (mut tasks, mut stalled) = (Vec::new(), Vec::new());
        for (number, stream) in sockets {
            let manner = settings.manner(number);
            if manner == Manner::Stalled {
                stalled.push(stream);
                continue;
            }
            let held = Held::new(range(&keys, settings.selection, number));
            let reader = Reader::new(number, manner, stream, held, Rc::clone(&shared));
            let task = Task {
                reader,
                shared: Rc::clone(&shared),
                wanted: wanted.clone(),
                settings: settings.clone(),
                ready: Some(tell.clone()),
            };
            tasks.push(tokio::task::spawn_local(task.run()));
        }
        drop(tell);
        ready.send(all_ready(&mut told, tasks.len(), settings.patience).await).unwrap_or_default();
        let watch = ThreadWatch::start();
        for task in tasks {
            // A task that panicked is a subscriber without a comparison.
            if task.await.is_err() {
                shared.tally.borrow_mut().lost += 1;
            }
        }
        drop(stalled);
        let mut tally = shared.tally.take();
        tally.busy = watch.share();
        tally
    }
}

fn range(keys: &Keys, selection: Selection, number: u32) -> Range<usize> {
    match selection {
        Selection::Run => keys.all(),
        Selection::OneSku => keys.of_sku(number),
    }
}

async fn open_all(
    settings: &FeedSettings,
    dial: &Dial,
    keys: &Keys,
    numbers: &[u32],
) -> Result<Vec<(u32, TcpStream)>, FleetFault> {
    let open = |number: u32| async move {
        let opening = dial.open(number, settings.manner(number), keys);
        let opened = match timeout(settings.patience, opening).await {
            Ok(opened) => opened,
            Err(_) => Err(format!("no handshake within {} s", settings.patience.as_secs())),
        };
        opened
            .map(|stream| (number, stream))
            .map_err(|reason| FleetFault::Subscriber { number, reason })
    };
    let (mut opening, mut opened) = (FuturesUnordered::new(), Vec::with_capacity(numbers.len()));
    let mut left = numbers.iter().copied();
    loop {
        while opening.len() < HANDSHAKES_MAX
            && let Some(number) = left.next()
        {
            opening.push(open(number));
        }
        match opening.next().await {
            Some(one) => opened.push(one?),
            None => return Ok(opened),
        }
    }
}

/// Waits until all have told that their snapshot is whole.
async fn all_ready(
    told: &mut mpsc::Receiver<()>,
    readers: usize,
    patience: Duration,
) -> Result<(), FleetFault> {
    let mut missing = readers;
    let waited = timeout(patience, async {
        while missing > 0 && told.recv().await.is_some() {
            missing -= 1;
        }
    });
    match (waited.await, missing) {
        (Ok(()), 0) => Ok(()),
        _ => Err(FleetFault::Late { missing, subscribers: readers, seconds: patience.as_secs() }),
    }
}

/// One subscriber's task.
struct Task {
    reader: Reader,
    shared: Rc<Shared>,
    wanted: watch::Receiver<Wanted>,
    settings: FeedSettings,
    /// Told once the snapshot is whole.
    ready: Option<mpsc::Sender<()>>,
}

impl Task {
    async fn run(mut self) {
        let number = self.reader.number;
        if let Err(why) = self.read_until_announced().await {
            let mut tally = self.shared.tally.borrow_mut();
            tally.lost += 1;
            tally.show(|| format!("subscriber {number} lost its connection: {why}"));
            return;
        }
        let wanted = self.wanted.borrow().clone();
        // None where the fleet was given up.
        if let Some(wanted) = wanted {
            self.finish(&wanted).await;
        }
    }

    /// Reads until it is announced which levels there are at the end.
    async fn read_until_announced(&mut self) -> Result<(), String> {
        let mut watch = self.wanted.clone();
        let mut announced = pin!(watch.wait_for(Option::is_some));
        let is_paced = self.reader.manner == Manner::Paced;
        loop {
            // A paced one leaves the socket alone while it has a message that it did not take yet.
            let mut has_heard = is_paced && self.reader.read_kept(None)?;
            if !has_heard {
                tokio::select! {
                    biased;
                    // An error is a fleet that was given up.
                    _ = &mut announced => return Ok(()),
                    readable = self.reader.stream.readable() => {
                        readable.map_err(|error| error.to_string())?;
                    }
                }
                has_heard = self.reader.read(None)?;
            }
            if self.reader.is_ready
                && let Some(ready) = self.ready.take()
            {
                // Nobody waits where another subscriber failed.
                ready.try_send(()).unwrap_or_default();
            }
            if is_paced && has_heard && self.reader.is_ready {
                tokio::select! {
                    biased;
                    _ = &mut announced => return Ok(()),
                    () = tokio::time::sleep(self.settings.pace) => {}
                }
            }
        }
    }

    /// Reads on, without pauses, until it holds what it should or patience ends; then compares.
    async fn finish(&mut self, wanted: &Arc<[Final]>) {
        let began = Instant::now();
        self.reader.held.aim(wanted);
        let reader = &mut self.reader;
        let catching_up = timeout(self.settings.patience, async {
            reader.read_kept(Some(wanted))?;
            while reader.held.behind() > 0 {
                reader.stream.readable().await.map_err(|error| error.to_string())?;
                reader.read(Some(wanted))?;
            }
            Ok::<(), String>(())
        });
        let caught_up = catching_up.await;
        let took_us = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
        let compared = self.reader.held.compared(wanted);
        let number = self.reader.number;
        let mut tally = self.shared.tally.borrow_mut();
        tally.add(&compared);
        tally.caught_up_us = tally.caught_up_us.max(took_us);
        if let Ok(Err(why)) = caught_up {
            tally.lost += 1;
            tally.show(|| format!("subscriber {number} lost its connection at the end: {why}"));
        }
        if let Some((key, held, should)) = compared.first {
            let stock = &self.shared.keys.names().stocks()[key];
            tally.show(|| {
                format!(
                    "subscriber {number} holds {} at {} with {} available in version {}; the engine has {} in version {}",
                    stock.sku, stock.location, held.available, held.version, should.available, should.version
                )
            });
        }
    }
}
