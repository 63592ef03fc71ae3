//! A small disk: a tmpfs in a mount namespace of its own, which is gone when this is dropped.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::{fs, io};

/// A disk of few bytes at a path that only commands run by [`SmallDisk::prefix`] see.
pub struct SmallDisk {
    /// Keeps the namespace alive.
    holder: Child,
    folder: PathBuf,
}

impl SmallDisk {
    /// Mounts a disk over `folder`, or says why that is not possible here.
    pub fn mount(folder: &Path, bytes: usize) -> Result<SmallDisk, String> {
        let script = format!(
            "mount -t tmpfs -o size={bytes} tmpfs {} && echo mounted && exec sleep 600",
            folder.display()
        );
        let mut holder = Command::new("unshare")
            .args(["-m", "sh", "-c", &script])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|why| format!("unshare cannot be run: {why}"))?;
        let mut line = String::new();
        let output = holder.stdout.take().expect("piped");
        let read = io::BufRead::read_line(&mut io::BufReader::new(output), &mut line);
        if read.is_ok() && line.trim() == "mounted" {
            let folder = folder.to_owned();
            let disk = SmallDisk { holder, folder };
            let prefix = disk.prefix();
            let enters = Command::new(&prefix[0]).args(&prefix[1..]).arg("true").status();
            return match enters {
                Ok(status) if status.success() => Ok(disk),
                other => Err(format!("nsenter does not enter the disk: {other:?}")),
            };
        }
        let _ = holder.kill();
        let ended = holder.wait_with_output();
        let said = ended.map(|ended| String::from_utf8_lossy(&ended.stderr).into_owned());
        Err(format!("no tmpfs can be mounted: {}", said.unwrap_or_default()))
    }

    /// As [`SmallDisk::mount`]; where it is not possible, that is said past the capture of tests.
    pub fn mount_or_say(folder: &Path, bytes: usize) -> Option<SmallDisk> {
        let mounted = SmallDisk::mount(folder, bytes);
        mounted
            .map_err(|why| {
                let mut out = io::stderr().lock();
                let _ = writeln!(out, "SKIPPED, no full disk was tested: {why}");
            })
            .ok()
    }

    /// The words that run a command where the disk can be seen.
    pub fn prefix(&self) -> Vec<String> {
        let pid = self.holder.id().to_string();
        ["nsenter", "--target", &pid, "--mount", "--"].map(String::from).to_vec()
    }

    /// A file on the disk, as this process can reach it.
    pub fn file(&self, name: &str) -> PathBuf {
        let folder = self.folder.strip_prefix("/").expect("an absolute path");
        let root = PathBuf::from(format!("/proc/{}/root", self.holder.id()));
        root.join(folder).join(name)
    }

    /// Takes all space that is left but for `spare` bytes, with a file of this name.
    pub fn fill(&self, name: &str, spare: u64) {
        let path = self.file(name);
        let mut file = fs::File::create(&path).expect("a file can be made");
        let page = [1u8; 4096];
        while file.write_all(&page).is_ok() {}
        let taken = file.metadata().expect("it is there").len();
        file.set_len(taken.saturating_sub(spare)).expect("a file can be cut");
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = self.holder.kill();
        let _ = self.holder.wait();
    }
}
