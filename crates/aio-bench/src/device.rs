//! `--device cpu | wgpu[:N] | cuda[:N] | auto`, checked before any tensor exists.
//!
//! Burn panics in another thread if a driver is missing, so the device is looked for first.

use crate::error::{Error, Result};
use aio_encoder::Precision;
use burn::tensor::{DType, Device};

/// Opens the device that the user named; with `auto`, a message names the device that was chosen.
///
/// # Errors
/// [`Error::User`] if the device is unknown, not compiled in, or not present.
pub fn open(name: &str) -> Result<Device> {
    Ok(open_named(name)?.0)
}

/// The same with the name of the device: `cpu`, `wgpu:N` or `cuda:N`.
///
/// # Errors
/// As [`open`].
pub fn open_named(name: &str) -> Result<(Device, String)> {
    let (kind, index) = match name.split_once(':') {
        Some((kind, index)) => {
            let number = index.parse::<usize>().map_err(|_| {
                Error::user(
                    format!("--device {name}: `{index}` is not a number"),
                    "write cuda:0 or wgpu:0",
                )
            })?;
            (kind, number)
        }
        None => (name, 0),
    };
    match kind {
        "cpu" if index == 0 => Ok((Device::flex(), "cpu".to_owned())),
        "auto" if index == 0 => Ok(auto()),
        "cuda" => Ok((cuda(index)?, format!("cuda:{index}"))),
        "wgpu" => Ok((wgpu(index)?, format!("wgpu:{index}"))),
        _ => Err(Error::user(
            format!("--device {name}: unknown device"),
            "expected cpu, wgpu, wgpu:N, cuda, cuda:N or auto",
        )),
    }
}

/// Refuses a precision that a device does not compute in.
///
/// # Errors
/// [`Error::User`] naming the key.
pub fn check_precision(device: &Device, precision: Precision) -> Result<()> {
    if precision == Precision::F32 || device.supports_dtype(DType::BF16) {
        return Ok(());
    }
    Err(Error::user(
        "train.precision: this device does not compute in bfloat16".to_owned(),
        "set train.precision = \"f32\", or use another --device",
    ))
}

/// What really exists, best first; the CPU always does.
fn auto() -> (Device, String) {
    let found = cuda(0)
        .map(|device| (device, "cuda:0"))
        .or_else(|_| wgpu(0).map(|device| (device, "wgpu:0")));
    let (device, name) = found.unwrap_or_else(|_| (Device::flex(), "cpu"));
    log::info!("device: {name}");
    (device, name.to_owned())
}

/// The `index`-th of the devices that were found.
#[cfg(any(feature = "cuda", feature = "wgpu"))]
fn pick(kind: &str, index: usize, found: impl IntoIterator<Item = Device>) -> Result<Device> {
    let mut found: Vec<Device> = found.into_iter().collect();
    if index < found.len() {
        return Ok(found.swap_remove(index));
    }
    let there = if found.is_empty() {
        "none is present".to_owned()
    } else {
        format!("the last one is {kind}:{}", found.len() - 1)
    };
    Err(Error::user(
        format!("--device {kind}:{index}: there is no such device on this machine; {there}"),
        "use --device cpu, or auto",
    ))
}

#[cfg(not(feature = "cuda"))]
fn cuda(_index: usize) -> Result<Device> {
    Err(Error::user(
        "--device cuda: this binary was built without CUDA",
        "build with `cargo build --locked --release --features cuda`, or use --device cpu",
    ))
}

#[cfg(feature = "cuda")]
fn cuda(index: usize) -> Result<Device> {
    if !std::path::Path::new("/proc/driver/nvidia/version").exists() {
        return Err(Error::user(
            "--device cuda: no NVIDIA driver is loaded on this machine",
            "use --device cpu, or auto",
        ));
    }
    pick("cuda", index, Device::enumerate(burn::tensor::DeviceType::Cuda))
}

#[cfg(not(feature = "wgpu"))]
fn wgpu(_index: usize) -> Result<Device> {
    Err(Error::user(
        "--device wgpu: this binary was built without wgpu",
        "build with `cargo build --locked --release --features wgpu`, or use --device cpu",
    ))
}

#[cfg(feature = "wgpu")]
fn wgpu(index: usize) -> Result<Device> {
    pick("wgpu", index, Device::enumerate(burn::tensor::DeviceType::Wgpu))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_and_absent_devices_are_the_users_errors() {
        assert!(open("cpu").is_ok() && open("auto").is_ok());
        for name in ["tpu", "cuda:x", "cpu:1", "cuda:99", "wgpu:99"] {
            assert_eq!(open(name).expect_err(name).exit_code(), 2);
        }
    }

    #[test]
    fn the_device_that_was_chosen_is_named() {
        let named = |name: &str| open_named(name).expect("a device").1;
        assert_eq!(named("cpu"), "cpu");
        let found = [cuda(0).map(|_| "cuda:0"), wgpu(0).map(|_| "wgpu:0")];
        let best = found.into_iter().find_map(Result::ok).unwrap_or("cpu");
        assert_eq!(named("auto"), best);
    }

    #[cfg(not(feature = "cuda"))]
    #[test]
    fn cuda_without_the_feature_says_how_to_get_it() {
        let error = open("cuda").expect_err("not compiled in");
        assert!(
            error.to_string().contains("built without CUDA")
                && error.hint().is_some_and(|h| h.contains("--features cuda"))
        );
    }
}
