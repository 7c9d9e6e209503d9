//! Filling a gallery: decoding and embedding at the same time, block by block.

use super::creation::Creation;
use super::inputs::InputRequest;
use super::item::Item;
use super::open::{check_model, model_of, with_new, with_writer};
use super::pool::{Pooled, Tracks};
use super::prepare::{Outcome, Prepared, Sizes, block};
use super::told::Told;
use crate::embed::{BLOCK, Model, ModelSource, OnError, of_inputs};
use crate::error::{Error, Result};
use aio_gallery::{Added, Content, Entry, Gallery, Storage, Writer};
use aio_train::{Progress, StopFlag};
use serde::Serialize;
use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, Instant};

/// What is added to which gallery.
#[derive(Debug, Clone)]
pub struct AddRequest {
    /// The gallery.
    pub gallery: PathBuf,
    /// What is added.
    pub inputs: InputRequest,
    /// The model.
    pub model: ModelSource,
    /// What to do about a picture that cannot be read.
    pub on_error: OnError,
    /// Longer side of thumbnails in pixels; none are made if it is 0.
    pub thumbnail: usize,
}

/// What was added.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct AddedRows {
    /// The gallery.
    pub gallery: PathBuf,
    /// Rows that were added.
    pub added: usize,
    /// Inputs whose content the gallery had already.
    pub known: usize,
    /// Rows that were there already and lack values of the inputs, or have others; a row never changes.
    pub differing: usize,
    /// Inputs that were passed over because they cannot be read, with the reason of each.
    pub skipped: Vec<String>,
    /// Rows of the gallery that are not removed.
    pub total: usize,
}

/// Rows after which what was added becomes part of the gallery.
const COMMIT_ROWS: usize = 16_384;
/// The same for slow models, in time.
const COMMIT_TIME: Duration = Duration::from_secs(600);
/// Blocks that are prepared in advance.
const AHEAD: usize = 2;

/// Makes a gallery and fills it. After a call that was stopped the same call continues.
///
/// # Errors
/// [`Error`] if the directory is not empty, or is a gallery that another call made; otherwise as [`add`].
pub fn create(request: &AddRequest, storage: Storage) -> Result<AddedRows> {
    // Inputs that are not there leave no empty gallery behind.
    let total = request.inputs.count()?;
    Addition { request, model: &request.model.open()?, total }.fill_new(storage)
}

/// As [`create`], with the request's model, which is open already.
///
/// # Errors
/// As [`create`].
pub fn create_with(request: &AddRequest, model: &Model, storage: Storage) -> Result<AddedRows> {
    Addition { request, model, total: request.inputs.count()? }.fill_new(storage)
}

/// Adds pictures, sentences and detections to a gallery. What it has already is neither embedded nor added again.
///
/// # Errors
/// [`Error`] naming the input that cannot be used, or the models if the gallery's is another one; what was embedded before it is added.
/// [`Error::Interrupted`] after a signal: the same call continues. [`Error::Taken`] if another process changes the gallery.
pub fn add(request: &AddRequest) -> Result<AddedRows> {
    if request.inputs.is_empty() {
        return Err(Error::user(
            "nothing to add",
            "name pictures, folders, --captions, --list, --mot or --coco",
        ));
    }
    let total = request.inputs.count()?;
    with_writer(&request.gallery, |writer, stop| {
        Addition { request, model: &request.model.open()?, total }.fill_existing(writer, stop)
    })
}

/// As [`add`], with the request's model, which is open already.
///
/// # Errors
/// As [`add`].
pub fn add_with(request: &AddRequest, model: &Model) -> Result<AddedRows> {
    let addition = Addition { request, model, total: request.inputs.count()? };
    with_writer(&request.gallery, |writer, stop| addition.fill_existing(writer, stop))
}

/// What is added, and the model that embeds it.
struct Addition<'a> {
    request: &'a AddRequest,
    model: &'a Model,
    /// Number of inputs.
    total: usize,
}

impl Addition<'_> {
    /// Makes a gallery and fills it, or goes on with the one that the same call began.
    fn fill_new(&self, storage: Storage) -> Result<AddedRows> {
        let Self { request, model, .. } = self;
        let directory = &request.gallery;
        let creation = Creation::new(directory, (&request.inputs, request.thumbnail, storage));
        if Gallery::is_at(directory) {
            creation.check()?;
            return with_writer(directory, |writer, stop| {
                let done = self.fill_existing(writer, stop)?;
                creation.end();
                Ok(done)
            });
        }
        let tag = model_of(&request.model, model)?;
        let width = model.extractor.width();
        with_new(
            directory,
            |claim| {
                creation.begin()?;
                Writer::create(directory, tag, width, storage, claim)
            },
            |writer, stop| {
                let done = self.run(writer, stop)?;
                creation.end();
                Ok(done)
            },
        )
    }

    /// Adds to a gallery, which must be of the same model.
    fn fill_existing(&self, writer: &mut Writer, stop: &StopFlag) -> Result<AddedRows> {
        let tag = model_of(&self.request.model, self.model)?;
        check_model(&writer.gallery()?, "what is to be added", &tag)?;
        self.run(writer, stop)
    }

    /// Embeds the inputs and writes their rows. What was embedded is kept also after an error or a signal.
    fn run(&self, writer: &mut Writer, stop: &StopFlag) -> Result<AddedRows> {
        let Self { request, model, total } = *self;
        let sizes =
            Sizes { input: model.extractor.preprocessing().size(), thumbnail: request.thumbnail };
        // Boxes of a track are no rows, so none of them is known.
        let known = (!request.inputs.pools()).then(|| writer.contents().clone());
        let bar = Progress::new("embedding", total, "rows");
        let mut incoming = Incoming {
            writer,
            request,
            model,
            done: AddedRows { gallery: request.gallery.clone(), ..AddedRows::default() },
            tracks: Tracks::default(),
            told: Told::default(),
            committed: Instant::now(),
        };
        let outcome = std::thread::scope(|scope| {
            let (send, receive) = sync_channel(AHEAD);
            scope.spawn(move || prepare(&request.inputs, sizes, known, &send));
            incoming.take_blocks(receive, &bar, stop)
        });
        bar.finish();
        // What was embedded is kept also after an error or a signal.
        let outcome = outcome.and_then(|()| incoming.write_tracks());
        let committed = incoming.writer.commit();
        outcome?;
        committed?;
        let gallery = incoming.writer.gallery()?;
        incoming.done.differing = incoming.told.differing(&gallery)?;
        incoming.done.total = gallery.len();
        if incoming.done.differing > 0 {
            log::warn!(
                "{}: {} rows that were there already lack values of the inputs, or have others; a row never changes: to take the values over, remove these rows with `aio gallery remove` and add them again",
                gallery.directory().display(),
                incoming.done.differing
            );
        }
        Ok(incoming.done)
    }
}

/// Sends prepared blocks until all are sent or nobody takes them.
fn prepare(
    inputs: &InputRequest,
    sizes: Sizes,
    mut known: Option<HashSet<Content>>,
    send: &SyncSender<Result<Vec<Outcome>>>,
) {
    let items = match inputs.items() {
        Ok(items) => items,
        Err(error) => {
            _ = send.send(Err(error));
            return;
        }
    };
    let mut waiting: Vec<Item> = Vec::with_capacity(BLOCK);
    // False once nobody receives blocks any more.
    let mut flush = |items: &mut Vec<Item>| {
        let outcomes = block(std::mem::take(items), sizes, known.as_mut());
        send.send(Ok(outcomes)).is_ok()
    };
    for item in items {
        match item {
            Ok(item) => waiting.push(item),
            Err(error) => {
                if flush(&mut waiting) {
                    _ = send.send(Err(error));
                }
                return;
            }
        }
        if waiting.len() == BLOCK && !flush(&mut waiting) {
            return;
        }
    }
    _ = flush(&mut waiting);
}

/// Rows on their way into a gallery.
struct Incoming<'a> {
    writer: &'a mut Writer,
    request: &'a AddRequest,
    model: &'a Model,
    done: AddedRows,
    tracks: Tracks,
    told: Told,
    committed: Instant,
}

impl Incoming<'_> {
    fn take_blocks(
        &mut self,
        receive: Receiver<Result<Vec<Outcome>>>,
        bar: &Progress,
        stop: &StopFlag,
    ) -> Result<()> {
        for outcomes in receive {
            let outcomes = outcomes?;
            stop.check("embedding")?;
            stop.check_claim()?;
            let count = outcomes.len();
            self.take_block(outcomes)?;
            bar.inc(count);
            if self.writer.pending() >= COMMIT_ROWS || self.committed.elapsed() >= COMMIT_TIME {
                self.writer.commit()?;
                self.committed = Instant::now();
            }
        }
        Ok(())
    }

    /// Embeds a block. What stands before an input that cannot be read is added, too.
    fn take_block(&mut self, outcomes: Vec<Outcome>) -> Result<()> {
        let (mut ready, mut failed) = (Vec::with_capacity(outcomes.len()), None);
        for outcome in outcomes {
            match outcome {
                Outcome::Ready(prepared) => ready.push(*prepared),
                Outcome::Known(content, known) => {
                    self.done.known += 1;
                    self.told.note(content, &known);
                }
                Outcome::Failed(error @ Error::Data(_))
                    if self.request.on_error == OnError::Skip =>
                {
                    log::warn!("passed over: {error}");
                    self.done.skipped.push(error.to_string());
                }
                Outcome::Failed(error) => {
                    failed = Some(error);
                    break;
                }
            }
        }
        let inputs: Vec<_> = ready.iter_mut().map(|p| std::mem::take(&mut p.observation)).collect();
        if !inputs.is_empty() {
            let name = |place: usize| ready[place].item.name();
            let features = of_inputs(&inputs, &self.model.extractor, name)?;
            for (prepared, features) in ready.into_iter().zip(&features) {
                self.take_row(prepared, features)?;
            }
        }
        failed.map_or(Ok(()), Err)
    }

    /// Writes a row, or keeps it for its track.
    fn take_row(&mut self, prepared: Prepared, features: &[f32]) -> Result<()> {
        if let Some(track) = prepared.item.track.filter(|_| self.request.inputs.pools()) {
            self.tracks.add(track, prepared, features);
            return Ok(());
        }
        let Prepared { item, content, thumbnail, .. } = prepared;
        self.write_row(Entry { content, features, record: item.record(), thumbnail: &thumbnail })
    }

    fn write_row(&mut self, row: Entry) -> Result<()> {
        match self.writer.add(row)? {
            Added::Row(_) => self.done.added += 1,
            Added::Known => self.done.known += 1,
        }
        Ok(())
    }

    /// Writes the rows of whole tracks, once all their boxes are embedded.
    fn write_tracks(&mut self) -> Result<()> {
        for pooled in std::mem::take(&mut self.tracks).finish() {
            let Pooled { content, features, record, thumbnail } = pooled;
            if self.writer.contains(content) {
                self.told.note(content, &record);
            }
            self.write_row(Entry { content, features: &features, record, thumbnail: &thumbnail })?;
        }
        Ok(())
    }
}
