//! What is tested.

use aio_data::task::{Task, TaskData};

/// A task with its queries and gallery.
pub(super) struct Test {
    pub(super) task: Task,
    pub(super) data: TaskData,
}
