//! How much of the machine requests may take.

use std::time::Duration;

/// Bytes of the body of a request: four pictures of two MiB each in base64.
pub(super) const BODY_BYTES: usize = 12 << 20;
/// Bytes of the head of a request.
pub(super) const HEAD_BYTES: usize = 64 << 10;
/// Connections at a time; others wait in the system's queue.
pub(super) const CONNECTIONS: usize = 256;
/// Requests with a body at a time: their bodies take 384 MiB at most.
pub(super) const BODIES: usize = 32;
/// Searches that wait for the model.
pub(super) const QUEUE: usize = 64;
/// Pictures that are decoded at a time.
pub(super) const DECODERS: usize = 2;
/// Time for the head of a request, also between two requests of a connection.
pub(super) const HEAD_TIME: Duration = Duration::from_secs(15);
/// Time for the body of a request.
pub(super) const BODY_TIME: Duration = Duration::from_secs(15);
/// Time for an answer, from the head of the request on.
pub(super) const ANSWER_TIME: Duration = Duration::from_secs(60);
/// Time within which a client has to take something of an answer.
pub(super) const SEND_TIME: Duration = Duration::from_secs(30);
/// Time for sending an answer after which its connection makes room for one that waits, where none is idle.
pub(super) const CROWDED_TIME: Duration = Duration::from_secs(15);
/// Bytes of answers that the system is asked to hold for each connection.
pub(super) const SEND_BYTES: u32 = 256 << 10;
/// Time of a connection, after which it is closed between two requests.
pub(super) const CONNECTION_TIME: Duration = Duration::from_secs(300);
/// Time for running requests after a signal.
pub(super) const LAST_TIME: Duration = Duration::from_secs(20);
