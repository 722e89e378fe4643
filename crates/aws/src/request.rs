//! Has requests signed, sent and read on the workers of the runtime. Whoever waits for the answers of a whole organization is one
//! task, and one processor alone would have all of that to do.

use std::error::Error;
use std::future::Future;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use keysweep_core::call::{Call, CallError, CallErrorKind, CallResult};
use tokio::task::JoinSet;

use crate::error::call_error;

/// What AWS answered. The request is given up with whoever waits for it.
pub(crate) async fn answered<T, E, F>(call: Call, request: F) -> CallResult<T>
where
    T: Send + 'static,
    E: ProvideErrorMetadata + Error + Send + 'static,
    F: Future<Output = Result<T, SdkError<E, HttpResponse>>> + Send + 'static,
{
    let mut task = JoinSet::new();
    task.spawn(async move { request.await.map_err(|error| call_error(call, &error)) });
    let ended = match task.join_next().await {
        Some(Ok(answer)) => return answer,
        Some(Err(ended)) => ended
            .try_into_panic()
            .map_or_else(|ended| ended.to_string(), |panic| std::panic::resume_unwind(panic)),
        None => "it was never begun".to_owned(),
    };
    Err(CallError {
        call,
        kind: CallErrorKind::Unavailable,
        code: None,
        message: format!("keysweep ended while it was under way: {ended}"),
        request_id: None,
    })
}

#[cfg(test)]
mod tests {
    use std::future::{pending, poll_fn};
    use std::task::Poll;

    use aws_sdk_sts::operation::get_caller_identity::GetCallerIdentityError;
    use tokio::sync::oneshot;

    use super::*;

    type Answered = Result<(), SdkError<GetCallerIdentityError, HttpResponse>>;

    #[tokio::test]
    async fn a_request_is_given_up_with_whoever_waits_for_it() {
        let (held, mut given_up) = oneshot::channel::<()>();
        let request = async move {
            let _held = held;
            pending::<Answered>().await
        };
        let mut waiting = Box::pin(answered(Call::GetCallerIdentity, request));
        poll_fn(|context| {
            assert!(waiting.as_mut().poll(context).is_pending());
            Poll::Ready(())
        })
        .await;
        tokio::task::yield_now().await;
        assert!(given_up.try_recv().is_err_and(|error| error == oneshot::error::TryRecvError::Empty));
        drop(waiting);
        assert!(given_up.await.is_err(), "it is dropped");
    }

    #[tokio::test]
    #[should_panic(expected = "a fault")]
    async fn a_fault_in_a_request_is_one_of_whoever_waits_for_it() {
        let request = poll_fn(|_| -> Poll<Answered> { panic!("a fault") });
        let _ = answered(Call::GetCallerIdentity, request).await;
    }
}
