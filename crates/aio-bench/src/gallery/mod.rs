//! Persistent galleries: filling them with pictures, sentences and detections, searching, calibrating and exporting them.

mod add;

mod calibrate;
mod condition;
mod contact_sheet;
mod creation;
mod export;
mod in_vain;
mod index;
mod inputs;
mod item;
mod list;
mod listed;
mod open;
mod pool;
mod prepare;
mod push;
mod queries;
mod search;
mod searched;
mod table;
mod thumbnail;
mod told;

pub use add::{AddRequest, AddedRows, add, add_with, create, create_with};
pub use calibrate::{CalibrationRequest, Fitted, calibrate};
pub use condition::condition;
pub use export::{Exported, export};
pub use index::{IndexedGallery, index};
pub use inputs::{Detections, InputRequest, Pool, Shard};
pub use listed::{Listed, Single};
pub use open::{MergedGallery, check_model, merge, model_of, with_writer};
pub use push::{PushedGallery, push};
pub use queries::{NamedQuery, read as queries};
pub(crate) use search::{Asked, Embedded, answered, check, check_asked, groups};
pub use search::{Place, SearchRequest, search};
pub use searched::{Answered, Searched, Terms};
pub(crate) use thumbnail::thumbnail;
