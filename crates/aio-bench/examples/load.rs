//! `aio serve` under load: `just bench load`, or with the program, the seconds and the rows: `… --example load -- target/quick/aio 600 100000`.
//!
//! A gallery of generated rows is served. 32 clients search it as the page does, each on one connection: a sentence, a picture, and both by turns, one row
//! per person, then the further pictures of these people and the next question. Beside them one client sends garbage and halves of requests by
//! turns, and one asks for 10,000 pictures of rows. Printed are the times of answers, the errors, and the memory of the server.

// A benchmark's result is what it prints.
#![allow(clippy::print_stdout)]

use aio_gallery::{Content, Entry, Model, Record, Storage, Unclaimed, Writer};
use aio_model::{Extractor, Shipped};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use burn::tensor::Device;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const CLIENTS: usize = 32;
const REQUESTS: u64 = 10_000;
/// What the page asks for one query, in order.
const PATHS: [&str; 3] = ["search", "further", "question"];

/// Milliseconds of every answer of each path, and the number of errors.
type Times = ([Vec<f64>; 3], usize);

type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// A quick generator of numbers in −1..1; their quality does not matter here.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> f32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 40) as f32 / 8_388_608.0 - 1.0
    }
}

/// A gallery of the embedded model with rows that no picture has.
fn generate(directory: &Path, rows: u64) -> Outcome<()> {
    let width = Extractor::shipped(Shipped::Default, &Device::flex())?.width();
    let model = Model {
        name: "embedded".into(),
        sha256: Shipped::Default.sha256().to_owned(),
        settings: Value::Null,
        description: Value::Null,
    };
    let mut writer = Writer::create(directory, model, width, Storage::F32, Unclaimed)?;
    let mut numbers = Numbers(7);
    let mut thumbnail = std::io::Cursor::new(Vec::new());
    image::RgbImage::new(64, 128).write_to(&mut thumbnail, image::ImageFormat::Jpeg)?;
    for row in 0..rows {
        let features: Vec<f32> = (0..width).map(|_| numbers.next()).collect();
        let record = Record {
            path: Some(format!("generated/{row}.jpg")),
            identity: Some((row / 8).to_string()),
            camera: Some(format!("camera {}", row % 12)),
            time: Some(1_790_000_000_000_000 + row as i64 * 1_000_000),
            modality: "rgb".into(),
            caption: Some(format!("a person in coat {} with bag {}", row % 40, row % 7)),
            ..Record::default()
        };
        let content = Content::of([("row", &row.to_le_bytes()[..])]);
        writer.add(Entry {
            content,
            features: &features,
            record,
            thumbnail: thumbnail.get_ref(),
        })?;
        if row % 20_000 == 19_999 {
            writer.commit()?;
        }
    }
    writer.commit()?;
    Ok(())
}

/// The server, which ends with this program.
struct Server {
    child: Child,
    address: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    fn start(program: &str, gallery: &Path) -> Outcome<Self> {
        let mut command = Command::new(program);
        command.arg("serve").arg(gallery).args(["--address", "127.0.0.1:0"]);
        let mut child = command.stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().ok_or("no output")?).read_line(&mut line)?;
        let address = line.trim().trim_start_matches("http://").trim_end_matches('/').to_owned();
        Ok(Self { child, address })
    }

    /// MiB of memory of its own, and with the mapped files of the gallery, as Linux counts them.
    fn memory(&self) -> [usize; 2] {
        let path = format!("/proc/{}/status", self.child.id());
        let status = std::fs::read_to_string(path).unwrap_or_default();
        ["RssAnon:", "VmRSS:"].map(|name| {
            let line = status.lines().find(|line| line.starts_with(name));
            let kib = line.and_then(|l| l.split_whitespace().nth(1)?.parse::<usize>().ok());
            kib.unwrap_or(0) / 1024
        })
    }
}

fn post(path: &str, body: &Value) -> Vec<u8> {
    let body = body.to_string();
    let head = format!(
        "POST /api/{path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    (head + &body).into_bytes()
}

/// Reads one answer of a connection that stays open: its status.
fn answer(reader: &mut BufReader<TcpStream>) -> Outcome<u16> {
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let status = line.split(' ').nth(1).and_then(|status| status.parse().ok());
    let status = status.ok_or_else(|| format!("no answer: `{line}`"))?;
    let mut length = 0;
    loop {
        line.clear();
        reader.read_line(&mut line)?;
        let line = line.trim_end().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(value) = line.strip_prefix("content-length: ") {
            length = value.parse()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    Ok(status)
}

/// Searches until the time is over.
fn client(address: &str, number: usize, end: Instant) -> Outcome<Times> {
    let mut picture = std::io::Cursor::new(Vec::new());
    let colour = image::Rgb([(number * 8) as u8, 90, 160]);
    image::RgbImage::from_pixel(128, 256, colour)
        .write_to(&mut picture, image::ImageFormat::Jpeg)?;
    let picture = json!({"rgb": {"data": STANDARD.encode(picture.get_ref())}});
    let text = format!("a person in a red coat with bag {number}");
    let queries = [
        json!({"text": text, "top": 60, "group_by": "identity"}),
        json!({"pictures": picture, "top": 60, "group_by": "identity"}),
        json!({"text": text, "pictures": picture, "top": 60, "group_by": "identity", "filter": {"cameras": ["camera 3"]}}),
    ];
    let requests = queries.map(|query| PATHS.map(|path| post(path, &query)));
    let (mut times, mut errors) = Times::default();
    let mut stream = BufReader::new(TcpStream::connect(address)?);
    let mut turns = number..;
    while Instant::now() < end {
        let turn = turns.next().unwrap_or(number);
        for (request, times) in requests[turn % requests.len()].iter().zip(&mut times) {
            if Instant::now() >= end {
                break;
            }
            let begun = Instant::now();
            stream.get_mut().write_all(request)?;
            match answer(&mut stream) {
                Ok(200) => times.push(begun.elapsed().as_secs_f64() * 1e3),
                outcome => {
                    println!("client {number}: {outcome:?}");
                    errors += 1;
                    stream = BufReader::new(TcpStream::connect(address)?);
                }
            }
        }
    }
    Ok((times, errors))
}

/// Sends what is no request, and leaves in the middle of requests, until the flag is raised; the number of connections.
fn nuisance(address: &str, end: &AtomicBool) -> usize {
    let mut numbers = Numbers(99);
    let whole = post("search", &json!({"text": "a person who goes away", "top": 1000}));
    let mut count = 0;
    while !end.load(Ordering::Relaxed) {
        if let Ok(mut stream) = TcpStream::connect(address) {
            let garbage: Vec<u8> = (0..512).map(|_| (numbers.next() * 127.0) as i8 as u8).collect();
            let part = whole.len() * (count % 7) / 6;
            // The server may close first; that is what is tried.
            let _ = stream.write_all(if count % 2 == 0 { &garbage } else { &whole[..part] });
            count += 1;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    count
}

/// Asks for pictures of rows until the time is over; the number of answers.
fn many(address: &str, rows: u64, end: Instant) -> Outcome<usize> {
    let mut stream = BufReader::new(TcpStream::connect(address)?);
    let mut answered = 0;
    for number in 0..REQUESTS {
        if Instant::now() >= end {
            break;
        }
        let row = number % rows;
        let request = format!("GET /api/rows/{row}/thumbnail HTTP/1.1\r\nhost: localhost\r\n\r\n");
        stream.get_mut().write_all(request.as_bytes())?;
        answered += usize::from(answer(&mut stream)? == 200);
    }
    Ok(answered)
}

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let program = arguments.first().map_or("target/quick/aio", String::as_str);
    let seconds: u64 = arguments.get(1).map_or(Ok(600), |text| text.parse())?;
    let rows: u64 = arguments.get(2).map_or(Ok(100_000), |text| text.parse())?;
    let temporary = tempfile::tempdir()?;
    let directory = temporary.path().join("gallery");
    generate(&directory, rows)?;
    let server = Server::start(program, &directory)?;
    let address = server.address.as_str();
    // The first seconds fill caches and pools.
    let warm = Instant::now() + Duration::from_secs(5);
    let all = |end: Instant| -> Outcome<Times> {
        let (mut times, mut errors) = Times::default();
        std::thread::scope(|scope| {
            let clients: Vec<_> =
                (0..CLIENTS).map(|n| scope.spawn(move || client(address, n, end))).collect();
            for one in clients {
                let (of_one, wrong) = one.join().map_err(|_| "a client panicked")??;
                times.iter_mut().zip(of_one).for_each(|(all, of_one)| all.extend(of_one));
                errors += wrong;
            }
            Ok((times, errors))
        })
    };
    all(warm)?;
    let (before, done) = (server.memory(), AtomicBool::new(false));
    let (answered, nuisances) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let begun = Instant::now();
    let end = begun + Duration::from_secs(seconds);
    let (times, errors) = std::thread::scope(|scope| {
        scope.spawn(|| nuisances.store(nuisance(address, &done), Ordering::Relaxed));
        scope.spawn(|| match many(address, rows, end) {
            Ok(count) => answered.store(count, Ordering::Relaxed),
            Err(error) => println!("pictures of rows: {error}"),
        });
        let outcome = all(end);
        done.store(true, Ordering::Relaxed);
        outcome
    })?;
    let elapsed = begun.elapsed().as_secs_f64();
    let after = server.memory();
    println!("{CLIENTS} clients, {rows} rows, {elapsed:.0} s, {errors} errors");
    for (path, mut times) in PATHS.into_iter().zip(times) {
        times.sort_by(f64::total_cmp);
        let at =
            |share: f64| times.get((share * times.len() as f64) as usize).copied().unwrap_or(0.0);
        println!(
            "{path}: {} answers ({:.0} per second); p50 {:.0} ms, p99 {:.0} ms, longest {:.0} ms",
            times.len(),
            times.len() as f64 / elapsed,
            at(0.5),
            at(0.99),
            times.last().copied().unwrap_or(0.0)
        );
    }
    println!(
        "beside them {} of {REQUESTS} pictures of rows on one connection, and {} connections with garbage or half a request",
        answered.into_inner(),
        nuisances.into_inner()
    );
    println!(
        "memory of the server: {} MiB of its own before, {} MiB after; with the mapped gallery {} and {} MiB",
        before[0], after[0], before[1], after[1]
    );
    if errors > 0 {
        return Err(format!("{errors} requests failed").into());
    }
    drop(server);
    Ok(())
}
