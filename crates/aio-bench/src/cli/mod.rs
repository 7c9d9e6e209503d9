//! The commands of the binary, one file each: arguments, calls into the library, what is printed.

pub mod data;
