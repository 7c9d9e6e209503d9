//! TensorBoard's event files: scalars and pictures beside the JSON lines.
//!
//! A file is a sequence of records (length, masked CRC-32C of it, bytes, masked CRC-32C of them), each a protocol buffer `Event`. Only the
//! five messages that are needed are written, by hand: `tensorflow/core/util/event.proto` and `framework/summary.proto` say which number
//! each field has.

use std::fs::File;
use std::io::{BufWriter, Result, Write};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

/// An event file that is being written.
#[derive(Debug)]
pub struct Events {
    file: BufWriter<File>,
}

/// A picture as TensorBoard takes it.
#[derive(Debug, Clone, Copy)]
pub struct Image<'a> {
    /// Rows.
    pub height: u32,
    /// Columns.
    pub width: u32,
    /// PNG or JPEG.
    pub encoded: &'a [u8],
}

/// A protocol buffer under construction.
#[derive(Default)]
struct Message(Vec<u8>);

impl Message {
    fn varint(mut self, mut value: u64) -> Self {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
        self
    }

    /// A field of wire type 0.
    fn integer(self, field: u64, value: u64) -> Self {
        self.varint(field << 3).varint(value)
    }

    /// A field of wire type 1.
    fn double(self, field: u64, value: f64) -> Self {
        let mut message = self.varint(field << 3 | 1);
        message.0.extend(value.to_le_bytes());
        message
    }

    /// A field of wire type 5.
    fn float(self, field: u64, value: f32) -> Self {
        let mut message = self.varint(field << 3 | 5);
        message.0.extend(value.to_le_bytes());
        message
    }

    /// A field of wire type 2.
    fn bytes(self, field: u64, value: &[u8]) -> Self {
        let mut message = self.varint(field << 3 | 2).varint(value.len() as u64);
        message.0.extend(value);
        message
    }
}

/// The checksum of a record as TensorFlow masks it.
fn checksum(bytes: &[u8]) -> u32 {
    crc32c::crc32c(bytes).rotate_right(15).wrapping_add(0xa282_ead8)
}

impl Events {
    /// Starts a file of its own in `directory`. What earlier files hold from `step` on is void, which TensorBoard is told: a call that was killed
    /// wrote it after its last checkpoint.
    ///
    /// # Errors
    /// What the file system says.
    pub fn create(directory: &Path, step: usize) -> Result<Self> {
        std::fs::create_dir_all(directory)?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        // TensorBoard reads files in the order of their names. The host's name, which usually stands here, is left out for privacy.
        let name =
            format!("events.out.tfevents.{:010}.{:09}.aio", now.as_secs(), now.subsec_nanos());
        let mut events = Self { file: BufWriter::new(File::create(directory.join(name))?) };
        events.record(0, |event| event.bytes(3, b"brain.Event:2"))?;
        if step > 0 {
            // SessionLog with status START.
            events.record(step, |event| event.bytes(7, &Message::default().integer(1, 1).0))?;
        }
        events.flush()?;
        Ok(events)
    }

    fn record(&mut self, step: usize, what: impl FnOnce(Message) -> Message) -> Result<()> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
        let event = what(Message::default().double(1, now).integer(2, step as u64)).0;
        let length = (event.len() as u64).to_le_bytes();
        self.file.write_all(&length)?;
        self.file.write_all(&checksum(&length).to_le_bytes())?;
        self.file.write_all(&event)?;
        self.file.write_all(&checksum(&event).to_le_bytes())
    }

    /// Writes numbers of a step, by tag.
    ///
    /// # Errors
    /// What the file system says.
    pub fn scalars(
        &mut self,
        step: usize,
        values: impl IntoIterator<Item = (String, f32)>,
    ) -> Result<()> {
        let summary = values.into_iter().fold(Message::default(), |summary, (tag, value)| {
            summary.bytes(1, &Message::default().bytes(1, tag.as_bytes()).float(2, value).0)
        });
        self.record(step, |event| event.bytes(5, &summary.0))
    }

    /// Writes a picture.
    ///
    /// # Errors
    /// What the file system says.
    pub fn image(&mut self, step: usize, tag: &str, image: Image) -> Result<()> {
        let Image { height, width, encoded } = image;
        // The 3 stands for RGB.
        let picture = Message::default()
            .integer(1, height.into())
            .integer(2, width.into())
            .integer(3, 3)
            .bytes(4, encoded);
        let value = Message::default().bytes(1, tag.as_bytes()).bytes(4, &picture.0);
        self.record(step, |event| event.bytes(5, &Message::default().bytes(1, &value.0).0))
    }

    /// Hands what was written to the system.
    ///
    /// # Errors
    /// What the file system says.
    pub fn flush(&mut self) -> Result<()> {
        self.file.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_those_that_tensorboard_writes() {
        // The first record of a file by tensorboard 2.20.0's EventFileWriter, without its time: the version.
        let version = Message::default().bytes(3, b"brain.Event:2").0;
        assert_eq!(version, b"\x1a\x0dbrain.Event:2");
        // The masked CRC-32C of that record's length, 72, as the file has it: fe 92 48 9d.
        assert_eq!(checksum(&72u64.to_le_bytes()).to_le_bytes(), [0xfe, 0x92, 0x48, 0x9d]);
        assert_eq!(Message::default().varint(300).0, [0xac, 0x02]);
    }
}
