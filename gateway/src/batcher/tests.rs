use super::*;

/// Items are `person * 100 + n`. A batch, and a lane, wait for a permit; the people of `strangers` go apart; 13 of
/// anybody's is refused.
struct Slow {
    gate: Semaphore,
    lane_gate: Semaphore,
    strangers: Vec<u32>,
    batches: Mutex<Vec<Vec<u32>>>,
    lanes: Mutex<Vec<Vec<u32>>>,
}

impl Slow {
    fn new(gate: usize, lane_gate: usize, strangers: &[u32]) -> Arc<Self> {
        Arc::new(Self {
            gate: Semaphore::new(gate),
            lane_gate: Semaphore::new(lane_gate),
            strangers: strangers.to_vec(),
            batches: Mutex::default(),
            lanes: Mutex::default(),
        })
    }

    fn lanes(&self) -> Vec<Vec<u32>> {
        let mut lanes = self.lanes.lock().unwrap().clone();
        lanes.sort();
        lanes
    }
}

impl Sink<u32> for Slow {
    fn keys(&self, item: &u32) -> Vec<u64> {
        vec![u64::from(*item / 100)]
    }

    async fn together(&self, items: &[&u32]) -> Vec<Attempt> {
        self.gate.acquire().await.unwrap().forget();
        self.batches.lock().unwrap().push(items.iter().map(|item| **item).collect());
        items
            .iter()
            .map(|item| match **item {
                item if self.strangers.contains(&(item / 100)) => Attempt::Apart(Vec::new()),
                item if item % 100 == 13 => Attempt::Away,
                _ => Attempt::Stored,
            })
            .collect()
    }

    async fn apart(&self, items: &[&u32]) -> Vec<Result<(), Away>> {
        self.lanes.lock().unwrap().push(items.iter().map(|item| **item).collect());
        self.lane_gate.acquire().await.unwrap().forget();
        vec![Ok(()); items.len()]
    }
}

/// Hands `items` in; the answer can be waited for.
fn ask(batcher: &Batcher<u32>, items: &[u32]) -> tokio::task::JoinHandle<Result<(), Away>> {
    let (batcher, items) = (batcher.clone(), items.to_vec());
    tokio::spawn(async move { batcher.write(items, 1).await })
}

async fn until(what: impl Fn() -> bool) {
    while !what() {
        tokio::task::yield_now().await;
    }
}

fn waiting(batcher: &Batcher<u32>) -> usize {
    WAITING - batcher.room.available_permits()
}

#[tokio::test]
async fn what_arrives_meanwhile_is_written_together_and_each_caller_hears_of_its_own() {
    let sink = Slow::new(0, 0, &[]);
    let batcher = Batcher::start(sink.clone());
    let first = ask(&batcher, &[101]);
    until(|| waiting(&batcher) == 1).await;
    tokio::task::yield_now().await;
    let rest = [ask(&batcher, &[102, 203]), ask(&batcher, &[313]), ask(&batcher, &[404])];
    until(|| waiting(&batcher) == 4).await;
    sink.gate.add_permits(2);
    assert_eq!(first.await.unwrap(), Ok(()));
    let mut heard = Vec::new();
    for answer in rest {
        heard.push(answer.await.unwrap());
    }
    assert_eq!(heard, [Ok(()), Err(Away), Ok(())]);
    assert_eq!(*sink.batches.lock().unwrap(), [vec![101], vec![102, 203, 313, 404]]);
}

#[tokio::test]
async fn who_is_written_apart_holds_up_nobody_else_and_keeps_their_order() {
    let sink = Slow::new(100, 0, &[1]);
    let batcher = Batcher::start(sink.clone());
    let first = ask(&batcher, &[100, 101]);
    until(|| !sink.lanes().is_empty()).await;
    let second = ask(&batcher, &[102]);
    let third = ask(&batcher, &[103]);
    until(|| waiting(&batcher) == 3).await;
    assert_eq!(ask(&batcher, &[200]).await.unwrap(), Ok(()), "somebody else's is written meanwhile");
    assert!(!first.is_finished() && !second.is_finished() && !third.is_finished());
    sink.lane_gate.add_permits(2);
    for answer in [first, second, third] {
        assert_eq!(answer.await.unwrap(), Ok(()));
    }
    assert_eq!(sink.lanes(), [vec![100, 101], vec![102, 103]], "what came meanwhile follows, together");
}

#[tokio::test]
async fn a_few_lanes_write_at_once_and_the_next_follows() {
    let strangers: Vec<u32> = (1..=6).collect();
    let sink = Slow::new(100, 0, &strangers);
    let batcher = Batcher::start(sink.clone());
    let answers: Vec<_> = strangers.iter().map(|person| ask(&batcher, &[person * 100])).collect();
    until(|| sink.lanes().len() == LANES && waiting(&batcher) == 6).await;
    assert_eq!(ask(&batcher, &[700]).await.unwrap(), Ok(()), "the writer is free");
    assert_eq!(sink.lanes().len(), LANES);
    sink.lane_gate.add_permits(6);
    for answer in answers {
        assert_eq!(answer.await.unwrap(), Ok(()));
    }
}

#[tokio::test]
async fn what_nobody_waits_for_any_more_is_not_begun() {
    let sink = Slow::new(100, 0, &[1]);
    let batcher = Batcher::start(sink.clone());
    let first = ask(&batcher, &[100]);
    until(|| !sink.lanes().is_empty()).await;
    let second = ask(&batcher, &[101]);
    until(|| waiting(&batcher) == 2).await;
    second.abort();
    drop(second.await);
    sink.lane_gate.add_permits(1);
    assert_eq!(first.await.unwrap(), Ok(()));
    until(|| waiting(&batcher) == 0).await;
    assert_eq!(sink.lanes(), [[100]]);
}

#[tokio::test]
async fn past_the_limits_the_caller_hears_that_we_are_away() {
    let sink = Slow::new(0, 0, &[]);
    let batcher = Batcher::start(sink.clone());
    assert_eq!(batcher.write(vec![100], WAITING_BYTES + 1).await, Err(Away));
    let large = tokio::spawn({
        let batcher = batcher.clone();
        async move { batcher.write(vec![100], WAITING_BYTES).await }
    });
    until(|| waiting(&batcher) == 1).await;
    assert_eq!(batcher.write(vec![200], 1).await, Err(Away), "the bytes are taken");
    sink.gate.add_permits(2);
    assert_eq!(large.await.unwrap(), Ok(()));
    assert_eq!(batcher.write(vec![200], 1).await, Ok(()), "they are free again");
}

#[test]
fn people_are_told_apart_through_everything_that_they_share() {
    let job = Arc::new(Job {
        answer: Mutex::default(),
        left: AtomicUsize::new(9),
        refused: AtomicBool::new(false),
        _room: std::array::from_fn(|_| Arc::new(Semaphore::new(1)).try_acquire_owned().unwrap()),
    });
    let keys: [&[u64]; 7] = [&[1], &[2], &[], &[3], &[2, 3], &[], &[1, 4]];
    let entries =
        keys.iter().enumerate().map(|(item, keys)| Entry { item, keys: keys.to_vec(), job: job.clone() }).collect();
    let people: Vec<Vec<usize>> =
        people(entries).into_iter().map(|(_, theirs)| theirs.into_iter().map(|entry| entry.item).collect()).collect();
    assert_eq!(people, [vec![0, 6], vec![1, 3, 4], vec![2], vec![5]]);
}
