//! `--device cpu | wgpu[:N] | cuda[:N] | auto`, checked before any tensor exists.

use crate::error::{Error, Result};
use burn::tensor::Device;

/// Opens the device that the user named.
///
/// # Errors
/// [`Error::User`] if the device is unknown, not compiled in, or not present.
pub fn open(name: &str) -> Result<Device> {
    let (kind, index) = match name.split_once(':') {
        Some((kind, index)) => {
            let number =
                index.parse::<usize>().map_err(|_| Error::user(format!("--device {name}: `{index}` is no number"), "write cuda:0 or wgpu:0"))?;
            (kind, number)
        }
        None => (name, 0),
    };
    match kind {
        "cpu" => Ok(Device::flex()),
        "auto" => Ok(auto()),
        "cuda" => cuda(index),
        "wgpu" => wgpu(index),
        _ => Err(Error::user(format!("--device {name}: unknown device"), "expected cpu, wgpu, wgpu:N, cuda, cuda:N or auto")),
    }
}

/// What really exists, best first; the CPU always does.
fn auto() -> Device {
    cuda(0).unwrap_or_else(|_| Device::flex())
}

#[cfg(not(feature = "cuda"))]
fn cuda(_index: usize) -> Result<Device> {
    Err(Error::user("--device cuda: this binary was built without CUDA", "build with `cargo build --release --features cuda`, or use --device cpu"))
}

#[cfg(feature = "cuda")]
fn cuda(index: usize) -> Result<Device> {
    // Burn panics in a device thread where the driver is missing, so its presence is checked first.
    if !std::path::Path::new("/proc/driver/nvidia/version").exists() {
        return Err(Error::user("--device cuda: no NVIDIA driver is loaded on this machine", "use --device cpu"));
    }
    Ok(Device::cuda(index))
}

#[cfg(not(feature = "wgpu"))]
fn wgpu(_index: usize) -> Result<Device> {
    Err(Error::user("--device wgpu: this binary was built without wgpu", "build with `cargo build --release --features wgpu`, or use --device cpu"))
}

#[cfg(feature = "wgpu")]
fn wgpu(index: usize) -> Result<Device> {
    use burn::tensor::DeviceKind;
    Ok(Device::wgpu(if index == 0 { DeviceKind::DefaultDevice } else { DeviceKind::DiscreteGpu(index) }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_and_absent_devices_are_the_users_errors() {
        assert!(open("cpu").is_ok() && open("auto").is_ok());
        for name in ["tpu", "cuda:x"] {
            assert_eq!(open(name).expect_err(name).exit_code(), 2);
        }
    }

    #[cfg(not(feature = "cuda"))]
    #[test]
    fn cuda_without_the_feature_says_how_to_get_it() {
        let error = open("cuda").expect_err("not compiled in");
        assert!(error.to_string().contains("built without CUDA") && error.hint().is_some_and(|h| h.contains("--features cuda")));
    }
}
