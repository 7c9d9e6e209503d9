//! The queue in front of the model.

use super::super::limits::QUEUE;
use super::super::queue::Queue;
use super::super::routes::within;
use super::super::searcher::Prepared;
use super::Reply;
use super::fake::Fake;
use crate::gallery::{NamedQuery, Terms};
use aio_types::Observation;
use axum::http::StatusCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

fn query(text: &str) -> Prepared {
    let mut query = NamedQuery::default();
    query.row.text = Some(text.to_owned());
    let terms =
        Terms { filter: aio_gallery::Filter::default(), group_by: None, threshold: None, top: 3 };
    let observation = Observation { caption: Some(text.to_owned()), ..Observation::default() };
    let observation = Arc::new(observation);
    Prepared { query, observation, embedded: Arc::default(), terms }
}

/// Waits until the model has begun so many batches.
async fn begun(fake: &Fake, batches: usize) {
    let start = Instant::now();
    while fake.seen().batches.len() < batches {
        assert!(start.elapsed() < Duration::from_secs(60), "{:?}", fake.seen());
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

#[test]
fn searches_that_wait_are_answered_together_and_too_many_are_refused() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("one");
    let fake = Arc::new(Fake::default());
    let (queue, thread) = Queue::start(fake.clone()).expect("a thread");
    runtime.block_on(async {
        fake.shut(true);
        let ask = |text: &str| {
            let (queue, query) = (queue.clone(), query(text));
            tokio::spawn(async move { queue.ask(query).await })
        };
        let mut waiting = vec![ask("first")];
        begun(&fake, 1).await;
        // The model is at work with the first; these fill the queue.
        waiting.extend((0..QUEUE).map(|_| ask("later")));
        let gone = waiting.pop().expect("the last");
        tokio::time::sleep(Duration::from_millis(20)).await;
        let refused = queue.ask(query("one too many")).await.expect_err("busy");
        assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
        // Whoever no longer waits is passed over.
        gone.abort();
        let _ = gone.await;
        fake.shut(false);
        for answer in waiting {
            let searched = answer.await.expect("a task").expect("an answer");
            assert_eq!(searched.answers[0].answer.hits.len(), 3);
        }
    });
    drop(queue);
    thread.join().expect("the thread ends with the queue");
    let batches = fake.seen().batches;
    assert_eq!((batches[0], batches.iter().sum::<usize>()), (1, QUEUE), "{batches:?}");
    assert!(batches.len() <= 4, "{batches:?}");
}

#[test]
fn an_answer_that_takes_too_long_is_not_blamed_on_others() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let reply = runtime.expect("a runtime").block_on(async {
        Reply::of(within(Duration::from_millis(1), std::future::pending()).await).await
    });
    assert_eq!(reply.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(reply.json()["error"], "the answer did not begin within 0 seconds");
}
