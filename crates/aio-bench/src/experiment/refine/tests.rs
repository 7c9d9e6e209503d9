//! Rounds on galleries that are small enough to compute by hand.

use super::simulate::{Course, Method, Rules, Scene, Seeker, play};
use aio_eval::{AveragePrecision, Entry, Features, Protocol, Ranking};
use aio_gallery::{Mentions, Reply};
use aio_types::{Camera, Identity};

/// A gallery on a circle: identity, camera, angle to the query, caption.
type Row = (i64, i64, f32, &'static str);

struct Gallery {
    features: Features,
    entries: Vec<Entry>,
    mentions: Vec<Mentions>,
}

fn entry(identity: i64, camera: i64) -> Entry {
    Entry { camera: Some(Camera(camera)), ..Entry::of(Identity(identity)) }
}

fn gallery(rows: &[Row]) -> Gallery {
    let values = rows.iter().flat_map(|(_, _, angle, _)| [angle.cos(), angle.sin()]).collect();
    Gallery {
        features: Features::new("test", rows.len(), 2, values).expect("finite"),
        entries: rows.iter().map(|(identity, camera, ..)| entry(*identity, *camera)).collect(),
        mentions: rows.iter().map(|(.., caption)| Mentions::of([*caption])).collect(),
    }
}

fn rounds(rows: &[Row], known: &str, method: Method, rules: Rules) -> Course {
    let Gallery { features, entries, mentions } = &gallery(rows);
    let protocol = Protocol::Market1501;
    let scene = Scene { features, entries, mentions, protocol };
    let seeker = Seeker {
        number: 3,
        entry: entry(1, 1),
        features: vec![1.0, 0.0],
        sentence: None,
        known: Mentions::of([known]),
    };
    play(&scene, &seeker, method, rules).expect("comparable")
}

/// The rows in their order, without those that the protocol hides.
fn order(ranking: &Ranking) -> Vec<usize> {
    super::simulate::visible(ranking)
}

/// Four people and a photograph of the query's camera, which the protocol hides. The person is last.
const ROWS: [Row; 5] = [
    (2, 2, 0.10, "a red coat and a hat"),
    (3, 2, 0.20, "a red coat and a scarf"),
    (4, 2, 0.30, "a blue coat and a hat"),
    (1, 1, 0.05, "a green coat"),
    (1, 2, 0.40, "a blue coat and a scarf"),
];

const RULES: Rules = Rules { rounds: 3, candidates: 20, weight: 0.1 };

#[test]
fn the_question_splits_the_rows_that_are_shown_and_the_answer_moves_them() {
    let course = rounds(&ROWS, "a long scarf and a blue coat", Method::BestQuestion, RULES);
    // "blue coat" and "red coat" hold for two of the four; the first in the alphabet is asked for. The user says yes. With cosines of 0.995,
    // 0.980, 0.955 and 0.921, the two red coats lose 0.1 and the two blue ones gain 0.1.
    assert_eq!(order(&course.rankings[0]), [0, 1, 2, 4]);
    assert_eq!(order(&course.rankings[1]), [2, 4, 0, 1]);
    // "hat" and "scarf" remain. Nothing is known of hats; the scarf brings the person forward, and then nothing is left to ask.
    assert_eq!(order(&course.rankings[2]), [2, 4, 0, 1]);
    assert_eq!(order(&course.rankings[3]), [4, 2, 1, 0]);
    assert_eq!(course.replies, [Some(Reply::Yes), Some(Reply::Unknown), Some(Reply::Yes)]);
    let rules = Rules { rounds: 5, ..RULES };
    let course = rounds(&ROWS, "a blue coat and a scarf", Method::BestQuestion, rules);
    assert_eq!(course.replies[3..], [None, None]);
    assert_eq!(order(&course.rankings[5]), order(&course.rankings[3]));
}

#[test]
fn only_the_candidates_are_told_apart() {
    // Two candidates: the hat and the scarf, of which the hat is asked for; it says nothing of the two others.
    let rules = Rules { rounds: 1, candidates: 2, ..RULES };
    let course = rounds(&ROWS, "a green hat", Method::BestQuestion, rules);
    assert_eq!(course.replies, [Some(Reply::Yes)]);
    assert_eq!(order(&course.rankings[1]), [0, 2, 1, 4]);
}

#[test]
fn a_weight_of_nothing_moves_nothing() {
    for method in [Method::BestQuestion, Method::RandomQuestion] {
        let course = rounds(&ROWS, "a blue coat", method, Rules { weight: 0.0, ..RULES });
        for ranking in &course.rankings {
            assert_eq!(order(ranking), order(&course.rankings[0]));
        }
    }
}

#[test]
fn a_user_who_knows_nothing_answers_that_it_is_not_known() {
    for method in [Method::BestQuestion, Method::RandomQuestion] {
        let course = rounds(&ROWS, "", method, RULES);
        assert!(course.replies.iter().all(|reply| matches!(reply, Some(Reply::Unknown) | None)));
        assert_eq!(order(&course.rankings[3]), order(&course.rankings[0]));
    }
}

#[test]
fn judgements_are_true_and_move_the_query() {
    let places = |course: &Course| {
        let place = |ranking: &Ranking| ranking.first_match().expect("a match");
        course.rankings.iter().map(place).collect::<Vec<_>>()
    };
    let rules = Rules { rounds: 4, ..RULES };
    // Going down the list: 0, 1 and 2 show others, and 4 is the person.
    let looking = rounds(&ROWS, "", Method::LookingOn, rules);
    let (yes, no) = (Some(Reply::Yes), Some(Reply::No));
    assert_eq!(looking.replies, [no, no, no, yes]);
    assert_eq!(places(&looking), [3, 2, 1, 0, 0]);
    assert_eq!(order(&looking.rankings[2]), [2, 4, 0, 1]);
    // All rows lie on one side: the query moves away from them and finds them in the same order.
    let moved = rounds(&ROWS, "", Method::LikeUnlike, rules);
    assert_eq!((&moved.replies, places(&moved)), (&looking.replies, places(&looking)));
    let once = Rules { rounds: 1, ..RULES };
    // The row at −0.1 turns the query by atan(0.15 sin 0.1 / (1 − 0.15 cos 0.1)) = 0.018, so that the person at 0.21 comes before the
    // row at −0.2.
    let rows = [(2, 2, -0.1, ""), (3, 2, -0.2, ""), (1, 2, 0.21, "")];
    let course = rounds(&rows, "", Method::LikeUnlike, once);
    assert_eq!(order(&course.rankings[0]), [0, 1, 2]);
    assert_eq!(order(&course.rankings[1]), [2, 1, 0]);
    // The person at −0.4 turns it by atan(0.75 sin 0.4 / (1 + 0.75 cos 0.4)) = 0.171, so that −0.5 comes before 0.45.
    let rows = [(1, 2, -0.4, ""), (3, 2, 0.45, ""), (1, 2, -0.5, "")];
    let course = rounds(&rows, "", Method::LikeUnlike, once);
    assert_eq!(course.replies, [yes]);
    assert_eq!(order(&course.rankings[0]), [0, 1, 2]);
    assert_eq!(order(&course.rankings[1]), [0, 2, 1]);
    let looking = rounds(&rows, "", Method::LookingOn, once);
    assert_eq!(order(&looking.rankings[1]), [0, 1, 2]);
}

#[test]
fn the_order_of_the_gallery_changes_nothing() {
    let nouns = ["coat", "hat", "scarf", "bag"];
    let colours = ["red", "blue", "green"];
    let captions: Vec<String> = (0..24usize)
        .map(|i| {
            let group = |n: usize| format!("a {} {}", colours[(i * 7 + n * 5) % 3], nouns[n]);
            (0..4).filter(|n| (i + n) % 3 != 0).map(group).collect::<Vec<_>>().join(" and ")
        })
        .collect();
    let rows: Vec<Row> = captions
        .iter()
        .enumerate()
        .map(|(i, caption)| {
            let caption: &'static str = caption.clone().leak();
            (i as i64 / 2, 2, 0.013 * ((i * 11) % 24) as f32 + 0.001, caption)
        })
        .collect();
    let turned: Vec<Row> = rows.iter().rev().copied().collect();
    let known = "a red coat and a blue scarf and a green bag";
    let rules = Rules { rounds: 4, candidates: 9, ..RULES };
    for method in Method::ALL {
        let (a, b) = (rounds(&rows, known, method, rules), rounds(&turned, known, method, rules));
        assert_eq!(a.replies, b.replies, "{method:?}");
        for (a, b) in a.rankings.iter().zip(&b.rankings) {
            let precision = |r: &Ranking| r.average_precision(AveragePrecision::Standard);
            assert_eq!(precision(a), precision(b), "{method:?}");
            assert_eq!(a.first_match(), b.first_match(), "{method:?}");
        }
    }
}
