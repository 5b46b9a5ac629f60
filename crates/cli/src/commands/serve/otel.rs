//! Spans of requests, sent to an OpenTelemetry collector as OTLP over HTTP where
//! `OTEL_EXPORTER_OTLP_ENDPOINT` (or `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`) names one. Behind the
//! feature `otel`, for it brings an HTTP client and half a minute of build.

#[cfg(not(feature = "otel"))]
pub(super) use absent::{Flush, spans};
#[cfg(feature = "otel")]
pub(super) use present::{Flush, spans};

#[cfg(not(feature = "otel"))]
mod absent {
    use tracing_subscriber::layer::Identity;

    /// There is nothing to send.
    pub(in super::super) enum Flush {}

    /// Built without: no layer, and nothing left at the end.
    pub(in super::super) fn spans() -> anyhow::Result<(Option<Identity>, Option<Flush>)> {
        Ok((None, None))
    }
}

#[cfg(feature = "otel")]
mod present {
    use anyhow::Context as _;
    use opentelemetry::trace::TracerProvider as _;
    use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _};
    use opentelemetry_sdk::Resource;
    use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider};
    use tracing::Subscriber;
    use tracing_opentelemetry::OpenTelemetryLayer;
    use tracing_subscriber::registry::LookupSpan;

    const ENDPOINTS: [&str; 2] =
        ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"];

    /// Sends what is left when the server ends.
    pub(in super::super) struct Flush(SdkTracerProvider);

    impl Drop for Flush {
        fn drop(&mut self) {
            if let Err(error) = self.0.shutdown() {
                tracing::warn!("the last spans were not sent: {error}");
            }
        }
    }

    /// The layer that sends spans, and what sends the last of them when it is dropped.
    type Spans<S> = (Option<OpenTelemetryLayer<S, SdkTracer>>, Option<Flush>);

    /// What sends spans; nothing where no collector is named.
    pub(in super::super) fn spans<S>() -> anyhow::Result<Spans<S>>
    where
        S: Subscriber + for<'span> LookupSpan<'span>,
    {
        if ENDPOINTS.iter().all(|name| std::env::var_os(name).is_none()) {
            return Ok((None, None));
        }
        let exporter =
            SpanExporter::builder().with_http().with_protocol(Protocol::HttpBinary).build();
        let exporter = exporter.context("spans cannot be sent to the collector")?;
        let resource = Resource::builder();
        let resource = match std::env::var_os("OTEL_SERVICE_NAME") {
            Some(_) => resource,
            None => resource.with_service_name("segue"),
        };
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_resource(resource.build())
            .build();
        let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("segue"));
        Ok((Some(layer), Some(Flush(provider))))
    }
}
