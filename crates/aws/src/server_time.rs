//! What time it is at AWS: the `Date` of STS's answers, of refusals too.

use std::sync::Mutex;
use std::sync::{Arc, PoisonError};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::BeforeDeserializationInterceptorContextRef;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::DateTime;
use aws_smithy_types::config_bag::ConfigBag;
use aws_smithy_types::date_time::Format;
use keysweep_core::ports::ServerTime;
use keysweep_core::time::Instant;

use crate::session::Session;

/// Notes the `Date` of the last answer. Cheap to clone: all clones note it in the same place.
#[derive(Clone, Debug, Default)]
pub(crate) struct NotedTime(Arc<Mutex<Option<Instant>>>);

impl NotedTime {
    fn last(&self) -> Option<Instant> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Intercept for NotedTime {
    fn name(&self) -> &'static str {
        "noted time"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let date = context.response().headers().get("date");
        let time = date.and_then(|date| DateTime::from_str(date, Format::HttpDate).ok());
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) =
            time.map(|time| Instant::from_unix(time.secs()));
        Ok(())
    }
}

impl ServerTime for Session {
    fn server_time(&self) -> Option<Instant> {
        self.shared.server_time.last()
    }
}
