use serde::{Deserialize, Serialize};

/// A person, unique within one data set. Junk and distractors keep the data set's own negative or zero labels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Identity(pub i64);

impl Identity {
    /// Whether it says who is shown: a number below 0 does not. Such an identity is equal to no other, not to itself either.
    #[must_use]
    pub const fn is_known(self) -> bool {
        self.0 >= 0
    }
}

/// A camera, numbered as the data set numbers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Camera(pub i64);

/// The photograph that a sample is, or that a drawing or caption was made from, unique among those of one person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SourcePhoto(pub i64);

/// What a person wears, numbered as the data set numbers it. Two people who wear the same number need not wear the same clothes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Clothes(pub i64);
