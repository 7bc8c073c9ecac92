//! The append-only journal: one file, one JSON record a line, written by one thread.
//!
//! Many appends share one `fdatasync` (group commit): while the disk is busy the next lines gather, and all of them are
//! written and synced together. INVARIANT: whoever saw [`Journal::durable`] resolve finds the line again after `kill -9`
//! and after a power cut; a line that was torn before that is dropped when the file is opened.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;

use tokio::sync::watch;

use crate::error::Error;
use crate::record::Record;

/// The open journal.
pub(crate) struct Journal {
    lines: Mutex<Option<mpsc::Sender<Line>>>,
    appended: AtomicU64,
    synced: watch::Receiver<Synced>,
    broken: Arc<AtomicBool>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

/// The journal can no longer be written: the disk is full or gone.
#[derive(Debug, thiserror::Error)]
#[error("the journal cannot be written")]
pub(crate) struct Unwritten;

struct Line {
    bytes: Vec<u8>,
    position: u64,
    urgent: bool,
}

#[derive(Clone, Copy)]
struct Synced {
    position: u64,
    broken: bool,
}

impl Journal {
    /// Opens the journal at `path`, hands every record of earlier runs to `replay`, and drops a torn last line.
    pub(crate) fn open(path: &Path, mut replay: impl FnMut(Record)) -> Result<Self, Error> {
        let failed = |source| Error::Data { path: path.to_owned(), source };
        let mut file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(Error::Locked { path: path.to_owned() }),
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        let whole = read(&file, path, &mut replay)?;
        file.set_len(whole).map_err(failed)?;
        file.seek(SeekFrom::Start(whole)).map_err(failed)?;
        file.sync_all().map_err(failed)?;
        if let Some(folder) = path.parent() {
            // The file's name is durable only when its folder is.
            File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)?;
        }
        Self::start(file, path.to_owned())
    }

    fn start(file: File, path: PathBuf) -> Result<Self, Error> {
        let (lines, incoming) = mpsc::channel();
        let (report, synced) = watch::channel(Synced { position: 0, broken: false });
        let broken = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&broken);
        let writer = std::thread::Builder::new()
            .name("journal".into())
            .spawn(move || write(file, &incoming, &report, &flag))
            .map_err(|source| Error::Data { path, source })?;
        Ok(Self {
            lines: Mutex::new(Some(lines)),
            appended: AtomicU64::new(0),
            synced,
            broken,
            writer: Mutex::new(Some(writer)),
        })
    }

    /// Hands a record to the writer, in the order of the calls; `urgent` asks for a sync. Returns its position.
    pub(crate) fn append(&self, record: &Record, urgent: bool) -> Result<u64, Unwritten> {
        if self.broken.load(Ordering::Acquire) {
            return Err(Unwritten);
        }
        let mut bytes = serde_json::to_vec(record).map_err(|_| Unwritten)?;
        bytes.push(b'\n');
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let position = self.appended.fetch_add(1, Ordering::AcqRel) + 1;
        let lines = lines.as_ref().ok_or(Unwritten)?;
        lines.send(Line { bytes, position, urgent }).map_err(|_| Unwritten)?;
        Ok(position)
    }

    /// Resolves once everything up to `position` is on the disk.
    pub(crate) async fn durable(&self, position: u64) -> Result<(), Unwritten> {
        let mut synced = self.synced.clone();
        let reached = synced.wait_for(|synced| synced.position >= position || synced.broken).await;
        match reached {
            Ok(synced) if synced.position >= position => Ok(()),
            Ok(_) | Err(_) => Err(Unwritten),
        }
    }

    /// Writes what is left and lets go of the file.
    pub(crate) fn close(&self) {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(writer) = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take()
            && writer.join().is_err()
        {
            tracing::error!("the journal's writer ended badly");
        }
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        self.close();
    }
}

/// Hands every whole record to `replay`; returns how many bytes they take.
fn read(file: &File, path: &Path, replay: &mut impl FnMut(Record)) -> Result<u64, Error> {
    let mut lines = BufReader::new(file);
    let (mut whole, mut number, mut line) = (0, 0, Vec::new());
    let mut torn: Option<(usize, serde_json::Error)> = None;
    loop {
        line.clear();
        let length =
            lines.read_until(b'\n', &mut line).map_err(|source| Error::Data { path: path.to_owned(), source })?;
        if length == 0 {
            return Ok(whole);
        }
        if let Some((line, source)) = torn {
            // Something follows the unreadable line, so it was not torn by a crash: somebody changed the file.
            return Err(Error::Journal { path: path.to_owned(), line, source });
        }
        number += 1;
        match serde_json::from_slice(&line) {
            Ok(record) if line.ends_with(b"\n") => {
                replay(record);
                whole += length as u64;
            }
            Ok(_) => return Ok(whole),
            Err(source) => torn = Some((number, source)),
        }
    }
}

fn write(mut file: File, incoming: &mpsc::Receiver<Line>, report: &watch::Sender<Synced>, broken: &AtomicBool) {
    const BATCH: usize = 4 << 20;
    let mut batch = Vec::new();
    while let Ok(first) = incoming.recv() {
        batch.clear();
        let (mut position, mut urgent) = (first.position, first.urgent);
        batch.extend_from_slice(&first.bytes);
        while batch.len() < BATCH
            && let Ok(line) = incoming.try_recv()
        {
            batch.extend_from_slice(&line.bytes);
            position = line.position;
            urgent |= line.urgent;
        }
        let written = file.write_all(&batch).and_then(|()| if urgent { file.sync_data() } else { io::Result::Ok(()) });
        match written {
            Ok(()) if urgent => {
                report.send_replace(Synced { position, broken: false });
            }
            Ok(()) => {}
            Err(error) => {
                tracing::error!(%error, "the journal cannot be written; nothing is accepted any more");
                broken.store(true, Ordering::Release);
                report.send_modify(|synced| synced.broken = true);
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened(n: usize) -> Record {
        Record::Opened { wa_id: n.to_string(), at: chrono::DateTime::UNIX_EPOCH }
    }

    fn records(path: &Path) -> Result<Vec<String>, Error> {
        let mut found = Vec::new();
        Journal::open(path, |record| match record {
            Record::Opened { wa_id, .. } => found.push(wa_id),
            other => panic!("{other:?}"),
        })?;
        Ok(found)
    }

    #[tokio::test]
    async fn what_was_durable_is_read_again_and_a_torn_last_line_is_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let journal = Journal::open(&path, |_| panic!("a new journal is empty")).unwrap();
        for n in 0..100 {
            journal.append(&opened(n), n == 99).unwrap();
        }
        journal.durable(100).await.unwrap();
        // Copied while it is open: this is what `kill -9` leaves.
        let left = folder.path().join("left");
        std::fs::copy(&path, &left).unwrap();
        for torn in [
            &b"{\"record\":\"opened\",\"wa"[..],
            b"\0\0\0\0",
            br#"{"record":"opened","waId":"x","at":"1970-01-01T00:00:00Z"}"#,
        ] {
            OpenOptions::new().append(true).open(&left).unwrap().write_all(torn).unwrap();
            assert_eq!(records(&left).unwrap().len(), 100);
            assert_eq!(std::fs::metadata(&left).unwrap().len(), std::fs::metadata(&path).unwrap().len());
        }
    }

    #[test]
    fn a_damaged_line_in_the_middle_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let line = serde_json::to_string(&opened(1)).unwrap();
        std::fs::write(&path, format!("{line}\n{{nonsense}}\n{line}\n")).unwrap();
        assert!(matches!(records(&path), Err(Error::Journal { line: 2, .. })));
    }

    #[test]
    fn a_journal_has_one_writer() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let first = Journal::open(&path, drop).unwrap();
        assert!(matches!(Journal::open(&path, drop), Err(Error::Locked { .. })));
        drop(first);
        assert!(Journal::open(&path, drop).is_ok());
    }
}
