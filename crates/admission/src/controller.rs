//! Admission controller: permits for requests in flight and a memory budget for bodies. Requests beyond either are rejected at once.

use std::{
    sync::{Arc, Mutex, PoisonError},
    task::Poll,
};

use axum::body::{Body, Bytes};
use http_body::Frame;
use http_body_util::BodyExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::adaptive_limiter::{AdaptiveLimiter, LimiterPermit};

/// The unit of the memory budget, in bytes.
const UNIT: usize = 1024;
/// Smaller chunks of a body are merged: each chunk has an overhead of many bytes.
const PART: usize = 4096;

tokio::task_local! {
    static PERMIT: Permit;
}

/// Limits on concurrency and memory.
#[derive(clap::Args, Clone, Debug)]
pub struct AdmissionSettings {
    /// Most requests in flight. Each kind of request also has an adaptive limit by latency. Further requests are rejected and may be
    /// retried
    #[arg(long, env = "MAX_IN_FLIGHT", default_value_t = 256, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub max_in_flight: u32,
    /// The adaptive limit of each kind of request never goes below this
    #[arg(long, env = "MIN_IN_FLIGHT", default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub min_in_flight: u32,
    /// MiB of buffered request bodies, and of response bodies at the gateway. Further requests are rejected
    #[arg(long, env = "MAX_BODY_MEMORY", default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub max_body_memory: u32,
}

/// Admits requests up to the limits.
#[derive(Clone)]
pub struct AdmissionController {
    max: u32,
    min: u32,
    permits: Arc<Semaphore>,
    memory: Arc<Semaphore>,
}

/// Permission for one request in flight; released when the last clone is dropped.
#[derive(Clone)]
pub struct Permit(#[expect(dead_code, reason = "released on drop")] Arc<PermitState>);

#[expect(dead_code, reason = "released on drop")]
struct PermitState {
    permit: OwnedSemaphorePermit,
    limiter_permit: Option<LimiterPermit>,
}

/// A complete body and the memory reserved for it.
pub struct BufferedBody {
    parts: Vec<Bytes>,
    memory: Vec<OwnedSemaphorePermit>,
}

/// Memory reserved by one request beside its body; released when the last clone is dropped.
#[derive(Clone)]
pub struct MemoryReservation {
    memory: Arc<Semaphore>,
    reserved_bytes: Arc<Mutex<Reserved>>,
}

#[derive(Default)]
struct Reserved {
    bytes: usize,
    permit: Option<OwnedSemaphorePermit>,
}

/// A limit is reached.
#[derive(Clone, Copy, Debug)]
pub struct Overloaded;

/// Why a body was not buffered.
#[derive(Debug)]
pub enum BufferError {
    /// The body exceeds its own limit.
    BodyTooLarge,
    /// The memory budget is exhausted.
    MemoryExhausted,
    /// The body ended early.
    Incomplete(axum::Error),
}

impl Default for AdmissionSettings {
    fn default() -> Self {
        Self { max_in_flight: 256, min_in_flight: 4, max_body_memory: 32 }
    }
}

impl AdmissionController {
    /// A controller with these limits.
    pub fn new(settings: &AdmissionSettings) -> Self {
        let AdmissionSettings { max_in_flight, min_in_flight, max_body_memory } = settings;
        let size = |count: u32| usize::try_from(count).unwrap_or(usize::MAX);
        Self {
            max: *max_in_flight,
            min: *min_in_flight,
            permits: Arc::new(Semaphore::new(size(*max_in_flight))),
            memory: Arc::new(Semaphore::new(size(*max_body_memory) * 1024)),
        }
    }

    /// A new adaptive limiter for one kind of request.
    pub fn limiter(&self) -> Arc<AdaptiveLimiter> {
        Arc::new(AdaptiveLimiter::new(self.min))
    }

    /// Acquires a permit without waiting.
    pub fn try_acquire(&self) -> Result<Permit, Overloaded> {
        let permit = self.permits.clone().try_acquire_owned().map_err(|_| Overloaded)?;
        Ok(Permit(Arc::new(PermitState { permit, limiter_permit: None })))
    }

    /// Acquires a permit, also from the limiter of this kind of request.
    pub fn try_acquire_with(&self, limiter: &Arc<AdaptiveLimiter>) -> Result<Permit, Overloaded> {
        let permit = self.permits.clone().try_acquire_owned().map_err(|_| Overloaded)?;
        let limiter_permit = limiter.try_acquire(self.max).ok_or(Overloaded)?;
        Ok(Permit(Arc::new(PermitState { permit, limiter_permit: Some(limiter_permit) })))
    }

    /// An empty reservation, for a request that learns its need later.
    pub fn reservation(&self) -> MemoryReservation {
        MemoryReservation { memory: self.memory.clone(), reserved_bytes: Arc::default() }
    }

    /// Buffers a body of at most `max_bytes`. A slow body holds no permit while it arrives.
    pub async fn buffer(&self, mut body: Body, max_bytes: usize) -> Result<BufferedBody, BufferError> {
        let mut buffered = BufferedBody { parts: Vec::new(), memory: Vec::new() };
        let mut small = Vec::new();
        let (mut bytes, mut reserved) = (0_usize, 0_usize);
        while let Some(frame) = body.frame().await {
            // Trailers of a request are ignored.
            let Ok(data) = frame.map_err(BufferError::Incomplete)?.into_data() else { continue };
            bytes += data.len();
            if bytes > max_bytes {
                return Err(BufferError::BodyTooLarge);
            }
            let needed = bytes.div_ceil(UNIT) - reserved;
            if needed > 0 {
                let units = u32::try_from(needed).map_err(|_| BufferError::BodyTooLarge)?;
                let memory =
                    self.memory.clone().try_acquire_many_owned(units).map_err(|_| BufferError::MemoryExhausted)?;
                buffered.memory.push(memory);
                reserved += needed;
            }
            if small.is_empty() && data.len() >= PART {
                buffered.parts.push(data);
            } else {
                small.extend_from_slice(&data);
            }
            if small.len() >= PART {
                buffered.parts.push(std::mem::take(&mut small).into());
            }
        }
        if !small.is_empty() {
            buffered.parts.push(small.into());
        }
        Ok(buffered)
    }
}

impl MemoryReservation {
    /// Reserves this many more bytes.
    pub fn reserve(&self, bytes: usize) -> Result<(), Overloaded> {
        self.grow(&mut self.reserved_bytes.lock().unwrap_or_else(PoisonError::into_inner), bytes)
    }

    /// Raises the reservation to this many bytes in total.
    pub fn reserve_total(&self, bytes: usize) -> Result<(), Overloaded> {
        let mut reserved_bytes = self.reserved_bytes.lock().unwrap_or_else(PoisonError::into_inner);
        let missing = bytes.saturating_sub(reserved_bytes.bytes);
        self.grow(&mut reserved_bytes, missing)
    }

    fn grow(&self, reserved_bytes: &mut Reserved, bytes: usize) -> Result<(), Overloaded> {
        let units = |bytes: usize| bytes.div_ceil(UNIT);
        let needed = units(reserved_bytes.bytes + bytes) - units(reserved_bytes.bytes);
        if needed > 0 {
            let needed = u32::try_from(needed).map_err(|_| Overloaded)?;
            let permit = self.memory.clone().try_acquire_many_owned(needed).map_err(|_| Overloaded)?;
            match &mut reserved_bytes.permit {
                Some(before) => before.merge(permit),
                None => reserved_bytes.permit = Some(permit),
            }
        }
        reserved_bytes.bytes += bytes;
        Ok(())
    }
}

impl BufferedBody {
    /// The first chunk: at least 4,096 bytes of a body that has as many.
    pub fn first(&self) -> &[u8] {
        self.parts.first().map_or(&[], |frame| frame.as_ref())
    }

    /// The body, and its memory reservation.
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

/// Runs `work` with a permit. A change that outlives its caller keeps the permit until it ends.
pub async fn with_permit<T>(permit: Permit, work: impl Future<Output = T>) -> T {
    PERMIT.scope(permit, work).await
}

/// The permit of the current request.
pub(crate) fn current_permit() -> Option<Permit> {
    PERMIT.try_with(Permit::clone).ok()
}

/// The chunks of a buffered body.
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

    fn controller(max_in_flight: u32, max_body_memory: u32) -> AdmissionController {
        AdmissionController::new(&AdmissionSettings { max_in_flight, max_body_memory, ..AdmissionSettings::default() })
    }

    #[tokio::test]
    async fn change_keeps_its_permit_when_its_caller_goes_away() {
        let controller = controller(1, 1);
        let (end, ended) = tokio::sync::oneshot::channel::<()>();
        let change = async move { ended.await.unwrap() };
        let permit = controller.try_acquire().unwrap();
        let caller = with_permit(permit, crate::completion::to_completion(change));
        {
            let mut caller = std::pin::pin!(caller);
            assert!(std::future::poll_fn(|context| Poll::Ready(caller.as_mut().poll(context).is_pending())).await);
        }
        assert!(controller.try_acquire().is_err(), "the caller went away, the change did not");
        end.send(()).unwrap();
        while controller.try_acquire().is_err() {
            tokio::task::yield_now().await;
        }
    }

    /// A body in chunks of this size.
    fn chunked(bytes: usize, part: usize) -> Body {
        let parts: Vec<_> = vec![7; bytes].chunks(part).map(|part| Bytes::from(part.to_vec())).collect();
        Body::new(Parts(parts.into_iter()))
    }

    #[tokio::test]
    async fn small_chunks_are_merged() {
        for (part, parts) in [(1, 3), (4095, 2), (4096, 3), (10_000, 2)] {
            let buffered = controller(1, 1).buffer(chunked(12_288, part), 20_000).await.unwrap();
            assert_eq!(buffered.parts.len(), parts, "{part}");
            assert!(buffered.first().len() >= 4096);
            let whole = buffered.into_body().0.collect().await.unwrap().to_bytes();
            assert_eq!(whole, vec![7; 12_288]);
        }
    }

    #[test]
    fn reservation_is_released_with_its_last_clone() {
        let controller = controller(1, 1);
        let one = controller.reservation();
        for _ in 0..1_000 {
            one.reserve(1).unwrap();
        }
        let also_one = one.clone();
        one.reserve(1_023 * 1_024).unwrap();
        assert!(one.reserve(25).is_err() && controller.reservation().reserve(1).is_err(), "a MiB is full");
        drop(one);
        assert!(controller.reservation().reserve(1).is_err(), "a clone still holds it");
        drop(also_one);
        let all = controller.reservation();
        all.reserve(1_024 * 1_024).unwrap();
        all.reserve_total(1_000).unwrap();
        assert!(all.reserve_total(1_024 * 1_024 + 1).is_err());
    }

    #[tokio::test]
    async fn buffered_body_holds_its_memory() {
        let controller = controller(1, 1);
        let body = || Body::from(vec![7; 600 * 1024]);
        let held = controller.buffer(body(), 1024 * 1024).await.unwrap();
        assert!(matches!(controller.buffer(body(), 1024 * 1024).await, Err(BufferError::MemoryExhausted)));
        assert!(matches!(controller.buffer(body(), 100).await, Err(BufferError::BodyTooLarge)));
        let (again, memory) = held.into_body();
        assert_eq!(again.collect().await.unwrap().to_bytes().len(), 600 * 1024);
        drop(memory);
        assert!(controller.buffer(body(), 1024 * 1024).await.is_ok());
    }
}
