//! What a result was made from, so that it is made again only when that has changed.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use sha2::{Digest as _, Sha256};

/// Folders that are made from the rest, or by a run.
const MADE: [&str; 6] = ["node_modules", "dist", "out", "test-results", "playwright-report", "coverage"];

/// Every file under `folder` that somebody wrote, in a fixed order.
///
/// # Errors
/// When a folder cannot be read.
pub(crate) fn sources(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).with_context(|| format!("failed to read {}", folder.display()))? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                if !MADE.iter().any(|made| entry.file_name() == *made) {
                    folders.push(entry.path());
                }
            } else {
                found.push(entry.path());
            }
        }
    }
    found.sort();
    Ok(found)
}

/// A digest of these files, their names included.
///
/// # Errors
/// When one cannot be read.
pub(crate) fn fingerprint(files: &[PathBuf]) -> anyhow::Result<String> {
    let mut digest = Sha256::new();
    for file in files {
        let content = fs::read(file).with_context(|| format!("failed to read {}", file.display()))?;
        // Lengths keep one file's end from passing as the next one's beginning.
        digest.update((file.as_os_str().len() as u64).to_le_bytes());
        digest.update(file.as_os_str().as_encoded_bytes());
        digest.update((content.len() as u64).to_le_bytes());
        digest.update(content);
    }
    Ok(hex::encode(digest.finalize()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_made_is_no_source_and_a_change_is_noticed() {
        let folder = std::env::temp_dir().join(format!("xtask-web-{}", std::process::id()));
        fs::create_dir_all(folder.join("src")).unwrap();
        fs::create_dir_all(folder.join("node_modules/x")).unwrap();
        fs::write(folder.join("src/a.ts"), "1").unwrap();
        fs::write(folder.join("node_modules/x/b.js"), "2").unwrap();
        let found = sources(&folder).unwrap();
        assert_eq!(found, [folder.join("src/a.ts")]);

        let before = fingerprint(&found).unwrap();
        fs::write(folder.join("src/a.ts"), "3").unwrap();
        assert_ne!(before, fingerprint(&found).unwrap());
        fs::remove_dir_all(folder).unwrap();
    }
}
