//! A session with a server of Spark Connect: statements of SQL go there, and word that they are
//! done comes back.
//!
//! Nothing else comes back. What a statement finds it writes as a table into the folder that this
//! program shares with the cluster, and there it is read, and checked, as any other file. So no
//! Arrow is read here, and no table has to fit through a connection.
//!
//! Executions are not *reattachable*: a server ends the streams of those every two minutes and
//! expects to be asked again, and keeps what nobody asked for. A connection that breaks ends the
//! build instead, which fails with nothing written, and is begun anew.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::time::Duration;

use tokio::runtime::Runtime;
use tonic::client::Grpc;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Status};
use tonic_prost::ProstCodec;

use super::messages::{
    AnalyzePlanRequest, AnalyzePlanResponse, ExecutePlanRequest, ExecutePlanResponse, Nothing,
    Plan, ReleaseSessionRequest, UserContext,
};
use super::{SparkAddress, SparkError};

const CLIENT: &str = concat!("segue/", env!("CARGO_PKG_VERSION"));
/// Waiting longer for a connection, or to say goodbye, is of no use.
const PATIENCE: Duration = Duration::from_secs(20);
/// A machine that is gone without a word is noticed after so long a silence.
const SILENCE: Duration = Duration::from_secs(60);
/// Characters of what Spark says that are passed on: plans follow, which nobody reads in a line.
const MOST_SAID: usize = 600;

/// A session, which ends when it is dropped.
pub(super) struct Session {
    runtime: Runtime,
    grpc: Grpc<Channel>,
    address: SparkAddress,
    id: String,
    /// What the server calls the session.
    server_side_id: Option<String>,
}

impl Session {
    /// Begins a session, with a server of a version that is known.
    pub(super) fn open(address: &SparkAddress) -> Result<Self, SparkError> {
        const STEP: &str = "connecting";
        let lost = |reason: String| lost(address, STEP, reason);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| lost(error.to_string()))?;
        let endpoint = Endpoint::from_shared(format!("http://{}", address.server()))
            .map_err(|error| lost(error.to_string()))?
            .connect_timeout(PATIENCE)
            .tcp_keepalive(Some(SILENCE));
        let channel = runtime.block_on(endpoint.connect());
        let channel = channel.map_err(|error| lost(causes(&error)))?;
        let grpc = Grpc::new(channel);
        let (address, id) = (address.clone(), random_id());
        let mut session = Self { runtime, grpc, address, id, server_side_id: None };
        let answer = session.ask_version(STEP)?;
        session.server_side_id = Some(answer.server_side_session_id);
        let found = answer.spark_version.map(|found| found.version).unwrap_or_default();
        match found.split('.').next() {
            Some("4") => Ok(session),
            _ => Err(SparkError::Version { found }),
        }
    }

    /// What the session is called; no other has the same name.
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// Runs a statement to its end. `step` says what it is for.
    pub(super) fn run(&mut self, step: &'static str, query: String) -> Result<(), SparkError> {
        let request = self.request(ExecutePlanRequest {
            session_id: self.id.clone(),
            user_context: self.user(),
            plan: Some(Plan::of(query)),
            client_type: CLIENT.to_owned(),
            client_observed_server_side_session_id: self.server_side_id.clone(),
        });
        let Self { runtime, grpc, .. } = self;
        let is_done = runtime.block_on(async {
            ready(grpc).await?;
            let codec = ProstCodec::<ExecutePlanRequest, ExecutePlanResponse>::default();
            let path = method("ExecutePlan");
            let stream = grpc.server_streaming(request, path, codec).await?;
            let (mut stream, mut is_done) = (stream.into_inner(), false);
            while let Some(response) = stream.message().await? {
                is_done |= response.sql_command_result.is_some();
            }
            Ok(is_done)
        });
        match is_done {
            Ok(true) => Ok(()),
            Ok(false) => Err(lost(&self.address, step, "it ended before it was done".to_owned())),
            Err(status) => Err(self.error(step, &status)),
        }
    }

    fn ask_version(&mut self, step: &'static str) -> Result<AnalyzePlanResponse, SparkError> {
        let request = self.request(AnalyzePlanRequest {
            session_id: self.id.clone(),
            user_context: self.user(),
            client_type: CLIENT.to_owned(),
            spark_version: Some(Nothing {}),
        });
        let Self { runtime, grpc, .. } = self;
        let answer = runtime.block_on(async {
            ready(grpc).await?;
            let codec = ProstCodec::<AnalyzePlanRequest, AnalyzePlanResponse>::default();
            grpc.unary(request, method("AnalyzePlan"), codec).await
        });
        Ok(answer.map_err(|status| self.error(step, &status))?.into_inner())
    }

    fn user(&self) -> Option<UserContext> {
        Some(UserContext { user_id: self.address.user.clone() })
    }

    fn request<M>(&self, message: M) -> Request<M> {
        let mut request = Request::new(message);
        for (key, value) in &self.address.headers {
            request.metadata_mut().insert(key.clone(), value.clone());
        }
        request
    }

    /// What the server says is wrong, or the connection.
    fn error(&self, step: &'static str, status: &Status) -> SparkError {
        let said = || status.message().chars().take(MOST_SAID).collect();
        match status.code() {
            Code::Unavailable | Code::Cancelled | Code::Unknown | Code::DeadlineExceeded => {
                let reason = std::error::Error::source(status).map_or_else(said, causes);
                lost(&self.address, step, reason)
            }
            _ => SparkError::Failed { step, reason: said() },
        }
    }
}

impl Drop for Session {
    /// Says goodbye, so that nothing goes on running for a build that ended.
    fn drop(&mut self) {
        let request = self.request(ReleaseSessionRequest {
            session_id: self.id.clone(),
            user_context: self.user(),
            client_type: CLIENT.to_owned(),
        });
        let Self { runtime, grpc, .. } = self;
        runtime.block_on(async {
            let goodbye = async {
                ready(grpc).await?;
                let codec = ProstCodec::<ReleaseSessionRequest, Nothing>::default();
                grpc.unary(request, method("ReleaseSession"), codec).await
            };
            // A server that is gone needs no goodbye.
            tokio::time::timeout(PATIENCE, goodbye).await.ok();
        });
    }
}

async fn ready(grpc: &mut Grpc<Channel>) -> Result<(), Status> {
    grpc.ready().await.map_err(|error| Status::unavailable(causes(&error)))
}

fn method(name: &str) -> PathAndQuery {
    let path = format!("/spark.connect.SparkConnectService/{name}");
    path.parse().expect("the names of methods are letters")
}

fn lost(address: &SparkAddress, step: &'static str, reason: String) -> SparkError {
    SparkError::Lost { server: address.server().to_owned(), step, reason }
}

/// An error with what it came of.
fn causes(error: &(dyn std::error::Error + 'static)) -> String {
    let chain = std::iter::successors(Some(error), |error| error.source());
    chain.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// A number that no other session has, as a UUID of version 4. The seeds of tables of the standard
/// library are the system's random numbers; nothing here is a secret.
fn random_id() -> String {
    let random = || RandomState::new().build_hasher().finish();
    let bits = u128::from(random()) << 64 | u128::from(random());
    let bits =
        bits & !(0xf000_u128 << 64 | 0xc000_u128 << 48) | 0x4000_u128 << 64 | 0x8000_u128 << 48;
    let hex = format!("{bits:032x}");
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}
