//! Opening a page in the browser without showing its token to other users of the machine.

use crate::error::{Error, Result};
use std::fs::{DirBuilder, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Opens an address in the browser, where the system has a program for it.
///
/// The arguments of a program are shown to all users of a machine. An address with a token is therefore written into a file that this user alone can
/// read, which leads the browser to it. It is removed with the result of this call.
///
/// # Errors
/// [`Error::Failure`] if the file cannot be written.
pub(super) fn open(address: &str) -> Result<Option<Redirect>> {
    if !address.contains('#') {
        start(address);
        return Ok(None);
    }
    let redirect = Redirect::to(address, &std::env::temp_dir())?;
    start(&redirect.file().display().to_string());
    Ok(Some(redirect))
}

/// Starts the system's program for addresses and files.
fn start(place: &str) {
    let program = if cfg!(target_os = "macos") {
        "open"
    } else if cfg!(windows) {
        "explorer"
    } else {
        "xdg-open"
    };
    let mut command = Command::new(program);
    command.arg(place).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    if let Err(error) = command.spawn() {
        log::info!("the browser was not opened ({program}: {error}); open the address yourself");
    }
}

/// A folder with a file that leads to an address; both are removed with this.
#[derive(Debug)]
pub(super) struct Redirect(PathBuf);

impl Redirect {
    fn to(address: &str, folder: &Path) -> Result<Self> {
        let mut bytes = [0; 8];
        let failed = |e: &dyn std::fmt::Display| {
            Error::Failure(format!("{}: no file for the browser: {e}", folder.display()))
        };
        getrandom::fill(&mut bytes).map_err(|e| failed(&e))?;
        let name: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let own = folder.join(format!("aio-serve-{name}"));
        let mut builder = DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&own).map_err(|e| failed(&e))?;
        let redirect = Self(own);
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let text = format!(
            "<!doctype html><meta charset=\"utf-8\"><title>AIO</title><meta http-equiv=\"refresh\" content=\"0; url={address}\"><a href=\"{address}\">Open the page</a>\n"
        );
        let written = options.open(redirect.file()).and_then(|mut f| f.write_all(text.as_bytes()));
        written.map_err(|e| failed(&e))?;
        Ok(redirect)
    }

    fn file(&self) -> PathBuf {
        self.0.join("open.html")
    }
}

impl Drop for Redirect {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            log::warn!("{} was not removed: {error}", self.0.display());
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn an_address_with_a_token_lies_in_a_file_of_this_user_alone() {
        let folder = tempfile::tempdir().expect("temporary directory");
        let address = "http://127.0.0.1:8080/#token=0123456789abcdef";
        let redirect = Redirect::to(address, folder.path()).expect("written");
        let mode =
            |path: &Path| std::fs::metadata(path).expect("there").permissions().mode() & 0o777;
        assert_eq!((mode(&redirect.file()), mode(&redirect.0)), (0o600, 0o700));
        let text = std::fs::read_to_string(redirect.file()).expect("read");
        assert!(text.contains(&format!("content=\"0; url={address}\"")), "{text}");
        assert!(!redirect.file().display().to_string().contains("0123456789abcdef"));
        drop(redirect);
        assert_eq!(std::fs::read_dir(folder.path()).expect("read").count(), 0);
    }
}
