//! What is said to a server of Spark Connect and what it says, as far as a build needs it.
//!
//! The messages are those of `spark/connect/base.proto`, `commands.proto` and `relations.proto` in
//! Apache Spark 4 (<https://github.com/apache/spark>, Apache License 2.0), written here as they are
//! on the wire: names of fields and their numbers. A server passes over what it is not told, and
//! what it tells besides is passed over here, so a few fields of some hundred are enough, and
//! nothing has to be generated while Segue is built. Messages that are not looked into are
//! [`Nothing`].

/// A message of which only its being there is of interest.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Nothing {}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct UserContext {
    #[prost(string, tag = "1")]
    pub(super) user_id: String,
}

/// To do something and tell how it went.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct ExecutePlanRequest {
    #[prost(string, tag = "1")]
    pub(super) session_id: String,
    #[prost(message, optional, tag = "2")]
    pub(super) user_context: Option<UserContext>,
    #[prost(message, optional, tag = "3")]
    pub(super) plan: Option<Plan>,
    #[prost(string, tag = "4")]
    pub(super) client_type: String,
    /// The session as the server named it. One that has begun anew since does not know it, and says
    /// so.
    #[prost(string, optional, tag = "8")]
    pub(super) client_observed_server_side_session_id: Option<String>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Plan {
    #[prost(message, optional, tag = "2")]
    command: Option<Command>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Command {
    #[prost(message, optional, tag = "5")]
    sql_command: Option<SqlCommand>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct SqlCommand {
    #[prost(message, optional, tag = "6")]
    input: Option<Relation>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Relation {
    #[prost(message, optional, tag = "10")]
    sql: Option<Sql>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Sql {
    #[prost(string, tag = "1")]
    query: String,
}

impl Plan {
    /// A statement of SQL.
    pub(super) fn of(query: String) -> Self {
        let sql_command = SqlCommand { input: Some(Relation { sql: Some(Sql { query }) }) };
        Self { command: Some(Command { sql_command: Some(sql_command) }) }
    }
}

/// One of several answers. A statement is done when one of them has its result and the stream then
/// ends well.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct ExecutePlanResponse {
    #[prost(message, optional, tag = "5")]
    pub(super) sql_command_result: Option<Nothing>,
}

/// To ask which version of Spark the server is.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct AnalyzePlanRequest {
    #[prost(string, tag = "1")]
    pub(super) session_id: String,
    #[prost(message, optional, tag = "2")]
    pub(super) user_context: Option<UserContext>,
    #[prost(string, tag = "3")]
    pub(super) client_type: String,
    #[prost(message, optional, tag = "10")]
    pub(super) spark_version: Option<Nothing>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct AnalyzePlanResponse {
    #[prost(message, optional, tag = "8")]
    pub(super) spark_version: Option<SparkVersion>,
    #[prost(string, tag = "15")]
    pub(super) server_side_session_id: String,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct SparkVersion {
    #[prost(string, tag = "1")]
    pub(super) version: String,
}

/// To say goodbye; what still runs is stopped.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct ReleaseSessionRequest {
    #[prost(string, tag = "1")]
    pub(super) session_id: String,
    #[prost(message, optional, tag = "2")]
    pub(super) user_context: Option<UserContext>,
    #[prost(string, tag = "3")]
    pub(super) client_type: String,
}
