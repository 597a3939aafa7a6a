//! How much is worked on at once. What is more is turned away before it costs memory or the time of others.

use std::{
    sync::{Arc, Mutex, PoisonError},
    task::Poll,
};

use axum::body::{Body, Bytes};
use http_body::Frame;
use http_body_util::BodyExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::adaptive_limiter::{Pace, Pass};

/// Memory is counted in these.
const UNIT: usize = 1024;
/// Smaller parts of a body are put together: each by itself would hold many times its size.
const PART: usize = 4096;

tokio::task_local! {
    static ADMITTED: Admitted;
}

/// How much a server works on at once.
#[derive(clap::Args, Clone, Debug)]
pub struct LoadSettings {
    /// How many requests are worked on at once at most; of each kind no more than what keeps its answers quick. More are turned
    /// away at once, to be sent again later
    #[arg(long, env = "MAX_IN_FLIGHT", default_value_t = 256, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub max_in_flight: u32,
    /// How many requests of each kind are worked on at once in any case, however long they take
    #[arg(long, env = "MIN_IN_FLIGHT", default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub min_in_flight: u32,
    /// MiB of requests, and at the gateway of answers, that are held at once; more are turned away
    #[arg(long, env = "MAX_BODY_MEMORY", default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub max_body_memory: u32,
}

/// What a server works on.
#[derive(Clone)]
pub struct Load {
    most: u32,
    least: u32,
    places: Arc<Semaphore>,
    memory: Arc<Semaphore>,
}

/// A place among the requests that are worked on; given back when its last clone is dropped.
#[derive(Clone)]
pub struct Admitted(#[expect(dead_code, reason = "given back when it is dropped")] Arc<Place>);

#[expect(dead_code, reason = "given back when it is dropped")]
struct Place {
    permit: OwnedSemaphorePermit,
    pass: Option<Pass>,
}

/// A body that arrived whole, and the memory it was promised.
pub struct Gathered {
    parts: Vec<Bytes>,
    memory: Vec<OwnedSemaphorePermit>,
}

/// The memory that one request takes beside its body, until the last clone is dropped.
#[derive(Clone)]
pub struct Holding {
    memory: Arc<Semaphore>,
    taken: Arc<Mutex<Taken>>,
}

#[derive(Default)]
struct Taken {
    bytes: usize,
    permit: Option<OwnedSemaphorePermit>,
}

/// There is too much to do for anything more.
#[derive(Clone, Copy, Debug)]
pub struct Untaken;

/// Why a body was not taken.
#[derive(Debug)]
pub enum TooLarge {
    /// It is larger than it may be.
    ForItself,
    /// It is larger than what memory is left.
    ForNow,
    /// It ended before it was whole.
    Broken(axum::Error),
}

impl Default for LoadSettings {
    fn default() -> Self {
        Self { max_in_flight: 256, min_in_flight: 4, max_body_memory: 32 }
    }
}

impl Load {
    /// As much as the settings say.
    pub fn new(settings: &LoadSettings) -> Self {
        let LoadSettings { max_in_flight, min_in_flight, max_body_memory } = settings;
        let size = |count: u32| usize::try_from(count).unwrap_or(usize::MAX);
        Self {
            most: *max_in_flight,
            least: *min_in_flight,
            places: Arc::new(Semaphore::new(size(*max_in_flight))),
            memory: Arc::new(Semaphore::new(size(*max_body_memory) * 1024)),
        }
    }

    /// A kind of work that has its own pace.
    pub fn pace(&self) -> Arc<Pace> {
        Arc::new(Pace::new(self.least))
    }

    /// Takes a place, if one is free: who would have to wait comes again later instead.
    pub fn admit(&self) -> Result<Admitted, Untaken> {
        let permit = self.places.clone().try_acquire_owned().map_err(|_| Untaken)?;
        Ok(Admitted(Arc::new(Place { permit, pass: None })))
    }

    /// The same, of a kind of work that has a pace.
    pub fn admit_at(&self, pace: &Arc<Pace>) -> Result<Admitted, Untaken> {
        let permit = self.places.clone().try_acquire_owned().map_err(|_| Untaken)?;
        let pass = pace.take(self.most).ok_or(Untaken)?;
        Ok(Admitted(Arc::new(Place { permit, pass: Some(pass) })))
    }

    /// The memory of a request that has yet to learn how much it takes.
    pub fn holding(&self) -> Holding {
        Holding { memory: self.memory.clone(), taken: Arc::default() }
    }

    /// Waits until a body of `max_bytes` at most is whole. A body that comes slowly takes nobody's place meanwhile.
    pub async fn gather(&self, mut body: Body, max_bytes: usize) -> Result<Gathered, TooLarge> {
        let mut gathered = Gathered { parts: Vec::new(), memory: Vec::new() };
        let mut small = Vec::new();
        let (mut bytes, mut promised) = (0_usize, 0_usize);
        while let Some(frame) = body.frame().await {
            // Trailers of a request say nothing here.
            let Ok(data) = frame.map_err(TooLarge::Broken)?.into_data() else { continue };
            bytes += data.len();
            if bytes > max_bytes {
                return Err(TooLarge::ForItself);
            }
            let needed = bytes.div_ceil(UNIT) - promised;
            if needed > 0 {
                let units = u32::try_from(needed).map_err(|_| TooLarge::ForItself)?;
                let memory = self.memory.clone().try_acquire_many_owned(units).map_err(|_| TooLarge::ForNow)?;
                gathered.memory.push(memory);
                promised += needed;
            }
            if small.is_empty() && data.len() >= PART {
                gathered.parts.push(data);
            } else {
                small.extend_from_slice(&data);
            }
            if small.len() >= PART {
                gathered.parts.push(std::mem::take(&mut small).into());
            }
        }
        if !small.is_empty() {
            gathered.parts.push(small.into());
        }
        Ok(gathered)
    }
}

impl Holding {
    /// Takes so many bytes more, if they are there.
    pub fn take(&self, bytes: usize) -> Result<(), Untaken> {
        self.grow(&mut self.taken.lock().unwrap_or_else(PoisonError::into_inner), bytes)
    }

    /// Takes as many bytes as are wanting to so many in all, if they are there.
    pub fn take_all(&self, bytes: usize) -> Result<(), Untaken> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let wanting = bytes.saturating_sub(taken.bytes);
        self.grow(&mut taken, wanting)
    }

    fn grow(&self, taken: &mut Taken, bytes: usize) -> Result<(), Untaken> {
        let units = |bytes: usize| bytes.div_ceil(UNIT);
        let needed = units(taken.bytes + bytes) - units(taken.bytes);
        if needed > 0 {
            let needed = u32::try_from(needed).map_err(|_| Untaken)?;
            let permit = self.memory.clone().try_acquire_many_owned(needed).map_err(|_| Untaken)?;
            match &mut taken.permit {
                Some(before) => before.merge(permit),
                None => taken.permit = Some(permit),
            }
        }
        taken.bytes += bytes;
        Ok(())
    }
}

impl Gathered {
    /// The first bytes; of a body that has so many, 4,096 at least.
    pub fn first(&self) -> &[u8] {
        self.parts.first().map_or(&[], |frame| frame.as_ref())
    }

    /// The body again, and the memory that it holds for as long as that is kept.
    pub fn into_body(self) -> (Body, impl Send + use<>) {
        let mut parts = self.parts.into_iter();
        let body = match parts.len() {
            0 => Body::empty(),
            1 => Body::from(parts.next().unwrap_or_default()),
            _ => Body::new(Parts(parts)),
        };
        (body, self.memory)
    }
}

/// Runs `work` in a place. A change that outlives its caller keeps the place for as long as it takes.
pub async fn while_admitted<T>(admitted: Admitted, work: impl Future<Output = T>) -> T {
    ADMITTED.scope(admitted, work).await
}

/// The place that the current request has.
pub(crate) fn current_place() -> Option<Admitted> {
    ADMITTED.try_with(Admitted::clone).ok()
}

/// The parts of a body that is there already.
struct Parts(std::vec::IntoIter<Bytes>);

impl http_body::Body for Parts {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        Poll::Ready(self.0.next().map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(max_in_flight: u32, max_body_memory: u32) -> Load {
        Load::new(&LoadSettings { max_in_flight, max_body_memory, ..LoadSettings::default() })
    }

    #[tokio::test]
    async fn a_place_is_kept_by_a_change_that_outlives_its_caller() {
        let load = load(1, 1);
        let (end, ended) = tokio::sync::oneshot::channel::<()>();
        let change = async move { ended.await.unwrap() };
        let place = load.admit().unwrap();
        let caller = while_admitted(place, crate::completion::to_completion(change));
        {
            let mut caller = std::pin::pin!(caller);
            assert!(std::future::poll_fn(|context| Poll::Ready(caller.as_mut().poll(context).is_pending())).await);
        }
        assert!(load.admit().is_err(), "the caller went away, the change did not");
        end.send(()).unwrap();
        while load.admit().is_err() {
            tokio::task::yield_now().await;
        }
    }

    /// A body in parts of this size.
    fn dripping(bytes: usize, part: usize) -> Body {
        let parts: Vec<_> = vec![7; bytes].chunks(part).map(|part| Bytes::from(part.to_vec())).collect();
        Body::new(Parts(parts.into_iter()))
    }

    #[tokio::test]
    async fn a_body_of_many_small_parts_holds_no_more_than_its_size() {
        for (part, parts) in [(1, 3), (4095, 2), (4096, 3), (10_000, 2)] {
            let gathered = load(1, 1).gather(dripping(12_288, part), 20_000).await.unwrap();
            assert_eq!(gathered.parts.len(), parts, "{part}");
            assert!(gathered.first().len() >= 4096);
            let whole = gathered.into_body().0.collect().await.unwrap().to_bytes();
            assert_eq!(whole, vec![7; 12_288]);
        }
    }

    #[test]
    fn what_a_request_learns_to_need_is_counted_until_it_ends() {
        let load = load(1, 1);
        let one = load.holding();
        for _ in 0..1_000 {
            one.take(1).unwrap();
        }
        let also_one = one.clone();
        one.take(1_023 * 1_024).unwrap();
        assert!(one.take(25).is_err() && load.holding().take(1).is_err(), "a MiB is full");
        drop(one);
        assert!(load.holding().take(1).is_err(), "somebody still holds it");
        drop(also_one);
        let all = load.holding();
        all.take(1_024 * 1_024).unwrap();
        all.take_all(1_000).unwrap();
        assert!(all.take_all(1_024 * 1_024 + 1).is_err());
    }

    #[tokio::test]
    async fn memory_is_held_for_as_long_as_a_body_is() {
        let load = load(1, 1);
        let body = || Body::from(vec![7; 600 * 1024]);
        let held = load.gather(body(), 1024 * 1024).await.unwrap();
        assert!(matches!(load.gather(body(), 1024 * 1024).await, Err(TooLarge::ForNow)));
        assert!(matches!(load.gather(body(), 100).await, Err(TooLarge::ForItself)));
        let (again, memory) = held.into_body();
        assert_eq!(again.collect().await.unwrap().to_bytes().len(), 600 * 1024);
        drop(memory);
        assert!(load.gather(body(), 1024 * 1024).await.is_ok());
    }
}
