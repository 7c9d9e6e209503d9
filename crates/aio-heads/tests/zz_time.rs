use aio_heads::{Centres, IdentityHead, RowAdamW};
use burn::optim::{AdamWConfig, GradientsParams};
use burn::tensor::{Device, Int, Tensor, TensorData, Distribution};
use std::time::Instant;
fn cpu() -> f64 { let s = std::fs::read_to_string("/proc/self/stat").unwrap(); let f: Vec<&str> = s.rsplit(')').next().unwrap().split_whitespace().collect(); (f[11].parse::<f64>().unwrap() + f[12].parse::<f64>().unwrap()) / 100.0 }
fn rss(k: &str) -> String { std::fs::read_to_string("/proc/self/status").unwrap().lines().find(|l| l.starts_with(k)).unwrap().to_owned() }
#[test]
fn time() {
    let n: usize = std::env::var("N").unwrap().parse().unwrap(); let d = 768; let mode = std::env::var("MODE").unwrap();
    let dev = Device::flex().autodiff();
    let x = Tensor::<2>::random([32, d], Distribution::Normal(0., 1.), &dev).require_grad();
    let labels = |n: usize| Tensor::<1, Int>::from_data(TensorData::new((0..32).map(|i| (i * 7 % n) as i64).collect::<Vec<_>>(), [32]), &Device::flex());
    if mode == "dense" {
        let mut head = IdentityHead::new(d, n, &dev);
        let mut opt = AdamWConfig::new().init();
        for i in 0..4 { let (t, c) = (Instant::now(), cpu());
            let loss = head.loss(x.clone(), labels(n), None, 0.1);
            let g = GradientsParams::from_grads(loss.backward(), &head);
            head = opt.step(1e-3, head, g);
            println!("dense {i}: {:.2} s, cpu {:.2}, {} {}", t.elapsed().as_secs_f64(), cpu() - c, rss("VmRSS"), rss("VmHWM")); }
    } else {
        let k = n / 10; let rows: Vec<usize> = (0..k).map(|i| i * 10 + i % 7).collect();
        let idx = Tensor::<1, Int>::from_data(TensorData::new(rows.iter().map(|r| *r as i64).collect::<Vec<_>>(), [k]), &Device::flex());
        let mut head = IdentityHead::sampled(d, Centres::new(n, d, &dev), &dev);
        println!("made {} {}", rss("VmRSS"), rss("VmHWM"));
        let rule = RowAdamW { learning_rate: 1e-3, weight_decay: 0.02, beta_1: 0.9, beta_2: 0.999, epsilon: 1e-5, max_grad_norm: 1.0 };
        for i in 0..4 { let (t, c) = (Instant::now(), cpu());
            let r = head.centres().unwrap().rows(idx.clone());
            let loss = head.loss(x.clone(), labels(k), Some(r.clone()), 0.1);
            let g = r.grad(&loss.backward()).unwrap(); drop(r);
            let (t2, c2) = (Instant::now(), cpu());
            head = head.map_centres(|c| c.update(&rows, g, &rule));
            println!("sampled {i}: {:.2} s, cpu {:.2}, of that update {:.2} s cpu {:.2}, {} {}", t.elapsed().as_secs_f64(), cpu() - c, t2.elapsed().as_secs_f64(), cpu() - c2, rss("VmRSS"), rss("VmHWM")); }
    }
}
