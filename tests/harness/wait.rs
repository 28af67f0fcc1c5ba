//! The only two ways to wait: for an event, and for a condition that nothing announces. Both end.

use std::future::Future;
use std::time::Duration;

/// How long anything here is waited for at most.
pub const DEADLINE: Duration = Duration::from_secs(60);

/// How often [`eventually`] looks.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// The future's outcome.
///
/// # Panics
/// When it is not there within [`DEADLINE`]; `what` says what was waited for.
pub async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(DEADLINE, future).await {
        Ok(outcome) => outcome,
        Err(_) => panic!("waited {} s for {what}", DEADLINE.as_secs()),
    }
}

/// Looks again and again until `look` finds something.
///
/// # Panics
/// When nothing is found within [`DEADLINE`].
pub async fn eventually<T, F>(what: &str, mut look: impl FnMut() -> F) -> T
where
    F: Future<Output = Option<T>>,
{
    within(what, async {
        let mut looks = tokio::time::interval(LOOK_EVERY);
        loop {
            looks.tick().await;
            if let Some(found) = look().await {
                return found;
            }
        }
    })
    .await
}
