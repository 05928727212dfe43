//! The folder a server keeps its data in: locked, with its root secret, readable to its owner only.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Bytes of the root secret from which every key is derived.
pub const ROOT_SECRET_BYTES: usize = 32;

/// The folder could not be used.
#[derive(Debug, thiserror::Error)]
pub enum FolderFault {
    /// Another server runs on it.
    #[error("{0} is in use by another sspr; stop it first, or choose another folder")]
    InUse(PathBuf),
    /// The operating system refused.
    #[error("cannot use {path}: {source}")]
    Refused {
        /// The file or folder concerned.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
    /// The root secret is not 32 bytes: without it nothing stored can be verified any more.
    #[error("{0} is not 32 bytes long; put the right file back")]
    Secret(PathBuf),
}

/// A locked folder. The lock ends with this value, or with the process.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    _lock: File,
}

impl Folder {
    /// Opens `path`, creates it if it is missing, and locks it.
    pub fn open(path: &Path) -> Result<Self, FolderFault> {
        let refused = |source| FolderFault::Refused { path: path.to_owned(), source };
        DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(refused)?;
        let lock = path.join("lock");
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(&lock)
            .map_err(refused)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { path: path.to_owned(), _lock: file }),
            Err(TryLockError::WouldBlock) => Err(FolderFault::InUse(path.to_owned())),
            Err(TryLockError::Error(source)) => Err(refused(source)),
        }
    }

    /// The path of a file in the folder.
    #[must_use]
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// The root secret; `fresh` is stored and returned if there is none yet.
    pub fn root_secret(
        &self,
        fresh: [u8; ROOT_SECRET_BYTES],
    ) -> Result<[u8; ROOT_SECRET_BYTES], FolderFault> {
        let path = self.file("root-secret");
        let refused = |source| FolderFault::Refused { path: path.clone(), source };
        let mut stored = Vec::new();
        match File::open(&path) {
            Ok(mut file) => file.read_to_end(&mut stored).map_err(refused)?,
            Err(missing) if missing.kind() == io::ErrorKind::NotFound => {
                replace(&path, &fresh).map_err(refused)?;
                return Ok(fresh);
            }
            Err(other) => return Err(refused(other)),
        };
        stored.try_into().map_err(|_| FolderFault::Secret(path.clone()))
    }
}

/// Replaces a file's content as a whole: after a crash there is the old or the new, on the disk.
pub fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let beside = path.with_extension("new");
    let mut file =
        OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&beside)?;
    file.write_all(content)?;
    file.sync_all()?;
    std::fs::rename(&beside, path)?;
    match path.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

/// A folder for one test, in the system's temporary folder.
#[cfg(test)]
pub(crate) fn scratch(name: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("sspr-{}-{name}", std::process::id()));
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path).unwrap();
    path
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_second_server_is_refused_until_the_first_ends() {
        let path = scratch("lock");
        let first = Folder::open(&path).unwrap();
        let refused = Folder::open(&path).unwrap_err();
        assert!(refused.to_string().contains("in use by another sspr"), "{refused}");
        drop(first);
        assert!(Folder::open(&path).is_ok());
        std::fs::remove_dir_all(path).unwrap();
    }

    #[test]
    fn the_root_secret_is_made_once_for_the_owner_only() {
        let path = scratch("secret");
        let folder = Folder::open(&path).unwrap();
        assert_eq!(folder.root_secret([7; 32]).unwrap(), [7; 32]);
        assert_eq!(folder.root_secret([8; 32]).unwrap(), [7; 32], "the stored one wins");
        let mode = std::fs::metadata(path.join("root-secret")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        std::fs::write(path.join("root-secret"), b"short").unwrap();
        assert!(matches!(folder.root_secret([8; 32]), Err(FolderFault::Secret(_))));
        std::fs::remove_dir_all(path).unwrap();
    }
}
