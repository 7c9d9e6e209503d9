//! Rounds of questions and answers, simulated for one query.

use aio_eval::{Entry, EvalError, Features, Metric, Protocol, Ranking, Relevance, Ties, distances};
use aio_gallery::{Dialogue, Mentions, Reply, best_question, questions, rocchio};
use aio_types::rng;
use rand::{Rng, RngExt};
use serde::Serialize;

/// What happens in a round.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// The words that split the best results most evenly are asked for, and the answer moves the rows whose captions speak of them.
    BestQuestion,
    /// The same with words that are drawn from those that tell the best results apart.
    RandomQuestion,
    /// The user says of the best result that was not judged yet whether it shows the person. The query moves (Rocchio); a result that was
    /// judged stands first or last.
    LikeUnlike,
    /// The same, and the query does not move: what a user gains by looking further down the list.
    LookingOn,
}

impl Method {
    /// All of them, in the order of tables.
    pub const ALL: [Self; 4] =
        [Self::BestQuestion, Self::RandomQuestion, Self::LikeUnlike, Self::LookingOn];

    /// The name in tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::BestQuestion => "best question",
            Self::RandomQuestion => "random question",
            Self::LikeUnlike => "like or unlike",
            Self::LookingOn => "looking on",
        }
    }

    fn asks(self) -> bool {
        matches!(self, Self::BestQuestion | Self::RandomQuestion)
    }
}

/// A gallery, row by row.
pub(super) struct Scene<'a> {
    /// Of length 1.
    pub(super) features: &'a Features,
    pub(super) entries: &'a [Entry],
    /// What the captions of a row say.
    pub(super) mentions: &'a [Mentions],
    pub(super) protocol: Protocol,
}

/// A query and the user who asks it.
pub(super) struct Seeker<'a> {
    /// Its number, for random streams.
    pub(super) number: usize,
    pub(super) entry: Entry,
    /// Of length 1.
    pub(super) features: Vec<f32>,
    pub(super) sentence: Option<&'a str>,
    /// What the user knows of the person.
    pub(super) known: Mentions,
}

/// How rounds are played.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules {
    pub(super) rounds: usize,
    /// Best results that a question tells apart.
    pub(super) candidates: usize,
    /// How far a row moves for each answer.
    pub(super) weight: f32,
}

/// What the rounds of a query gave.
pub(super) struct Course {
    /// Before the first round, after the first, and so on.
    pub(super) rankings: Vec<Ranking>,
    /// The answer of every round; none if nothing was left to ask.
    pub(super) replies: Vec<Option<Reply>>,
}

/// How far a row that was judged moves, beyond all cosine distances.
const JUDGED: f32 = 10.0;

/// Plays the rounds of one query.
///
/// # Errors
/// [`EvalError::Width`] if query and gallery cannot be compared.
pub(super) fn play(
    scene: &Scene,
    seeker: &Seeker,
    method: Method,
    rules: Rules,
) -> Result<Course, EvalError> {
    let rank = |distances: &[f32]| {
        let Scene { entries, protocol, .. } = scene;
        Ranking::new(&seeker.entry, entries, distances, *protocol, Ties::Stable, entries.len())
    };
    let mut dialogue = Dialogue::new(seeker.sentence);
    let mut judged = Judged::default();
    let mut stream = rng(0, "random question", seeker.number as u64);
    let start = scene.distances(&seeker.features)?;
    let mut course = Course { rankings: vec![rank(&start)], replies: Vec::new() };
    for round in 0..rules.rounds {
        let shown = visible(&course.rankings[round]);
        let (reply, distances) = if method.asks() {
            let candidates = scene.candidates(&shown, rules.candidates);
            let asked = match method {
                Method::BestQuestion => best_question(&candidates, &dialogue),
                _ => random_question(&candidates, &dialogue, &mut stream),
            };
            let reply = asked.map(|words| {
                let reply = seeker.known.reply(words);
                dialogue.add(words, reply);
                reply
            });
            (reply, scene.answered(&start, &dialogue, rules.weight))
        } else {
            let next = shown.into_iter().find(|row| !judged.contains(*row));
            let reply = next.map(|row| judged.take(row, scene.shows(row, &seeker.entry)));
            let moved = method == Method::LikeUnlike;
            let distances =
                if moved { scene.moved(&seeker.features, &judged)? } else { start.clone() };
            (reply, judged.placed(distances))
        };
        course.rankings.push(rank(&distances));
        course.replies.push(reply);
    }
    Ok(course)
}

/// The rows that the user sees, nearest first.
pub(super) fn visible(ranking: &Ranking) -> Vec<usize> {
    let visible = ranking.nearest.iter().filter(|(_, relevance)| *relevance != Relevance::Junk);
    visible.map(|(row, _)| *row).collect()
}

/// Any of the words that tell the candidates apart.
fn random_question<'a>(
    candidates: &[&'a Mentions],
    dialogue: &Dialogue,
    stream: &mut impl Rng,
) -> Option<&'a str> {
    let phrases = questions(candidates, dialogue);
    (!phrases.is_empty()).then(|| phrases[stream.random_range(0..phrases.len())].words)
}

impl Scene<'_> {
    fn distances(&self, query: &[f32]) -> Result<Vec<f32>, EvalError> {
        let query = Features::new("the query", 1, query.len(), query.to_vec())?;
        distances(&query, self.features, Metric::Cosine)
    }

    fn shows(&self, row: usize, person: &Entry) -> bool {
        self.entries[row].shows_the_person_of(person)
    }

    /// What the captions of the best rows say, of those that have captions.
    fn candidates(&self, shown: &[usize], most: usize) -> Vec<&Mentions> {
        let described = shown.iter().map(|row| &self.mentions[*row]).filter(|m| !m.is_empty());
        described.take(most).collect()
    }

    /// Distances after the answers of a dialogue: `1 − cos − w · agreement`.
    fn answered(&self, start: &[f32], dialogue: &Dialogue, weight: f32) -> Vec<f32> {
        let rows = start.iter().zip(self.mentions);
        rows.map(|(distance, row)| distance - weight * dialogue.agreement(row)).collect()
    }

    /// Distances from the query that the judged rows have moved.
    fn moved(&self, query: &[f32], judged: &Judged) -> Result<Vec<f32>, EvalError> {
        let rows = |of: &[usize]| -> Vec<Vec<f32>> {
            of.iter().map(|row| self.features.view().row(*row).to_vec()).collect()
        };
        self.distances(&rocchio(query, &rows(&judged.like), &rows(&judged.unlike)))
    }
}

/// Rows that the user has judged.
#[derive(Default)]
struct Judged {
    like: Vec<usize>,
    unlike: Vec<usize>,
}

impl Judged {
    fn contains(&self, row: usize) -> bool {
        self.like.contains(&row) || self.unlike.contains(&row)
    }

    fn take(&mut self, row: usize, shows_the_person: bool) -> Reply {
        if shows_the_person {
            self.like.push(row);
            Reply::Yes
        } else {
            self.unlike.push(row);
            Reply::No
        }
    }

    /// The same distances with the rows that show the person in front, and the others behind.
    fn placed(&self, mut distances: Vec<f32>) -> Vec<f32> {
        self.like.iter().for_each(|row| distances[*row] -= JUDGED);
        self.unlike.iter().for_each(|row| distances[*row] += JUDGED);
        distances
    }
}
