//! Whose process PostgreSQL is: it refuses root, so root lends it a user of its own and a place that this user can
//! reach; anybody else runs it as themselves, beside the rest.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, chown, symlink};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use nix::unistd::{Gid, Uid, User, geteuid};
use sha2::{Digest as _, Sha256};

use super::{Durability, private_folder};

/// A user that a program is started as.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Owner {
    /// The user's number.
    pub(crate) uid: Uid,
    /// The number of the user's first group.
    pub(crate) gid: Gid,
}

impl Owner {
    /// The user for PostgreSQL when we are root: `postgres` where the package made it, else `nobody`. `None` when we
    /// are somebody else.
    ///
    /// # Errors
    /// When root finds neither.
    pub(crate) fn for_postgres() -> anyhow::Result<Option<Self>> {
        if !geteuid().is_root() {
            return Ok(None);
        }
        for name in ["postgres", "nobody"] {
            if let Some(user) = User::from_name(name).with_context(|| format!("failed to look up the user {name}"))? {
                return Ok(Some(Self { uid: user.uid, gid: user.gid }));
            }
        }
        bail!("PostgreSQL refuses to run as root, and there is no user `postgres` or `nobody` to run it as");
    }

    /// Gives a file or folder to this user.
    ///
    /// # Errors
    /// When we may not.
    pub(crate) fn take(&self, path: &Path) -> anyhow::Result<()> {
        chown(path, Some(self.uid.as_raw()), Some(self.gid.as_raw()))
            .with_context(|| format!("failed to hand {} to its user", path.display()))
    }
}

/// A folder `name` in `data` that the owner can reach. For another user it stands outside, named after `data`, and
/// `data/name` is a link to it: root's folders are seldom open to others.
///
/// What stands outside while the link is gone belongs to a `data` that somebody removed; it is set aside, once.
///
/// # Errors
/// When the folder or the link cannot be made, or when the folder outside belongs to somebody else.
pub(crate) fn reachable_folder(
    data: &Path,
    name: &str,
    owner: Option<&Owner>,
    durability: Durability,
) -> anyhow::Result<PathBuf> {
    let inside = data.join(name);
    let Some(owner) = owner else {
        private_folder(&inside)?;
        return Ok(inside);
    };
    let outside = outside(data, name, durability);
    let linked = fs::read_link(&inside).is_ok_and(|target| target == outside);
    if outside.symlink_metadata().is_ok() && !linked {
        let aside = outside.with_extension("old");
        if aside.symlink_metadata().is_ok() {
            fs::remove_dir_all(&aside).with_context(|| format!("failed to remove {}", aside.display()))?;
        }
        fs::rename(&outside, &aside).with_context(|| format!("failed to set {} aside", outside.display()))?;
    }
    match fs::DirBuilder::new().create(&outside) {
        Ok(()) => {}
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            let found = outside.symlink_metadata()?;
            if !found.is_dir() || found.uid() != owner.uid.as_raw() {
                bail!("{} is not PostgreSQL's own folder: remove it and start again", outside.display());
            }
        }
        Err(error) => return Err(error).with_context(|| format!("failed to make the folder {}", outside.display())),
    }
    owner.take(&outside)?;
    if !linked {
        symlink(&outside, &inside).with_context(|| format!("failed to link {}", inside.display()))?;
    }
    Ok(outside)
}

/// Removes what [`reachable_folder`] made.
///
/// # Errors
/// When it is there and cannot be removed.
pub(crate) fn remove_reachable_folder(data: &Path, name: &str) -> anyhow::Result<()> {
    let inside = data.join(name);
    let Ok(found) = inside.symlink_metadata() else { return Ok(()) };
    let removed = if found.is_symlink() {
        fs::read_link(&inside).and_then(fs::remove_dir_all).and_then(|()| fs::remove_file(&inside))
    } else {
        fs::remove_dir_all(&inside)
    };
    removed.with_context(|| format!("failed to remove {}", inside.display()))
}

/// The place outside, the same one for the same folder: what must last in `/var/lib`, the rest where it may vanish.
fn outside(data: &Path, name: &str, durability: Durability) -> PathBuf {
    let digest = hex::encode(Sha256::digest(data.as_os_str().as_encoded_bytes()));
    let base = match durability {
        Durability::Durable => PathBuf::from("/var/lib"),
        Durability::Scratch => std::env::temp_dir(),
    };
    base.join(format!("hilo-{}-{name}", &digest[..12]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_outside_is_the_same_for_the_same_folder_only() {
        let place = |data: &str| outside(Path::new(data), "postgres", Durability::Durable);
        assert_eq!(place("/srv/a/.hilo"), place("/srv/a/.hilo"));
        assert_ne!(place("/srv/a/.hilo"), place("/srv/b/.hilo"));
        assert!(place("/srv/a/.hilo").starts_with("/var/lib"));
    }

    #[test]
    fn without_another_user_the_folder_stands_inside_and_can_be_removed() {
        let data = std::env::temp_dir().join(format!("hilo-owner-{}", crate_random()));
        let folder = reachable_folder(&data, "postgres", None, Durability::Durable).unwrap();
        assert_eq!(folder, data.join("postgres"));
        remove_reachable_folder(&data, "postgres").unwrap();
        assert!(!folder.exists());
        remove_reachable_folder(&data, "postgres").unwrap();
        fs::remove_dir_all(data).unwrap();
    }

    #[test]
    fn what_a_removed_data_folder_left_behind_is_set_aside() {
        let Some(owner) = Owner::for_postgres().unwrap() else {
            // Only root lends folders to others; for anybody else there is nothing outside to find.
            assert!(!geteuid().is_root());
            return;
        };
        let data = std::env::temp_dir().join(format!("hilo-owner-{}", crate_random()));
        private_folder(&data).unwrap();
        let folder = reachable_folder(&data, "postgres", Some(&owner), Durability::Scratch).unwrap();
        fs::write(folder.join("old"), "").unwrap();
        assert_eq!(reachable_folder(&data, "postgres", Some(&owner), Durability::Scratch).unwrap(), folder);
        assert!(folder.join("old").exists(), "a linked folder is kept");

        fs::remove_file(data.join("postgres")).unwrap();
        assert_eq!(reachable_folder(&data, "postgres", Some(&owner), Durability::Scratch).unwrap(), folder);
        assert!(!folder.join("old").exists(), "a forgotten folder is not taken up again");
        assert!(folder.with_extension("old").join("old").exists());

        remove_reachable_folder(&data, "postgres").unwrap();
        assert!(!folder.exists());
        fs::remove_dir_all(folder.with_extension("old")).unwrap();
        fs::remove_dir_all(data).unwrap();
    }

    fn crate_random() -> String {
        super::super::random_hex(8).unwrap()
    }
}
