//! argon2id (PWD-06): one evaluation answers everything that is asked of a typed password.
//!
//! The result of an evaluation is never stored. What is stored is derived from it under keys that are kept outside the
//! tables: a verifier, and a tag for the history that cannot be linked to it. Whoever has the tables alone can test no
//! guess.

use argon2::{Algorithm, Argon2, Block, Params, Version};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::Password;
use crate::ids::Username;
use crate::lockout::WrongTag;
use crate::secret::Key;

/// Memory of one evaluation, KiB (features.md PWD-06; OWASP Password Storage Cheat Sheet, argon2id with 19 MiB).
pub const MEMORY_KIB: u32 = 19_456;
/// Passes over the memory (the same).
pub const PASSES: u32 = 2;
/// Lanes (the same).
pub const LANES: u32 = 1;
/// Bytes of the result.
pub const RESULT_LEN: usize = 32;
/// Bytes of a salt (SP 800-63B-4 §3.1.1.2 asks for at least four; RFC 9106 §3.1 recommends sixteen).
pub const SALT_LEN: usize = 16;
/// Bytes of a history tag: a false "recently used" happens once in 2¹²⁸.
pub const TAG_LEN: usize = 16;

/// Most memory that stored parameters may ask for, KiB: a damaged item may not exhaust the function (256 MiB).
const MEMORY_KIB_MAX: u32 = 262_144;
/// Most passes and lanes that stored parameters may ask for.
const PASSES_MAX: u32 = 16;
const LANES_MAX: u32 = 4;

/// The cost of an evaluation, recorded with what was derived from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parameters {
    /// Memory, KiB.
    pub memory_kib: u32,
    /// Passes.
    pub passes: u32,
    /// Lanes.
    pub lanes: u32,
}

impl Parameters {
    /// What new verifiers are made with.
    pub const CURRENT: Self = Self { memory_kib: MEMORY_KIB, passes: PASSES, lanes: LANES };

    fn checked(self) -> Result<Params, HashFault> {
        let Self { memory_kib, passes, lanes } = self;
        if memory_kib > MEMORY_KIB_MAX || passes > PASSES_MAX || lanes > LANES_MAX {
            return Err(HashFault);
        }
        Params::new(memory_kib, passes, lanes, Some(RESULT_LEN)).map_err(|_| HashFault)
    }
}

impl Default for Parameters {
    fn default() -> Self {
        Self::CURRENT
    }
}

/// An evaluation that cannot be made: the stored parameters are none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HashFault;

impl std::fmt::Display for HashFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the parameters of a password hash are out of range")
    }
}

impl std::error::Error for HashFault {}

/// Evaluates argon2id on memory that it keeps.
///
/// Kept and touched memory is 1.45 times faster than fresh memory, whose 4,864 pages the system hands over one by one
/// for every evaluation. One hasher serves one evaluation at a time.
pub struct Hasher {
    blocks: Vec<Block>,
    evaluations: u64,
}

impl Hasher {
    /// A hasher that takes its memory at the first evaluation: for processes that may never hash.
    pub fn lazy() -> Self {
        Self { blocks: Vec::new(), evaluations: 0 }
    }

    /// A hasher whose memory is taken and touched now: for functions that will hash.
    pub fn warm() -> Self {
        let mut hasher = Self::lazy();
        if let Ok(params) = Parameters::CURRENT.checked() {
            hasher.make_room(params.block_count());
        }
        hasher
    }

    /// Evaluates a password in its normalised form.
    ///
    /// # Errors
    /// [`HashFault`] for parameters that are out of range.
    pub fn evaluate(
        &mut self,
        password: &Password,
        salt: &[u8; SALT_LEN],
        parameters: Parameters,
    ) -> Result<Evaluation, HashFault> {
        let params = parameters.checked()?;
        self.make_room(params.block_count());
        let mut evaluation = Evaluation { result: [0; RESULT_LEN], salt: *salt, parameters };
        let text = password.normalised();
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        self.evaluations = self.evaluations.saturating_add(1);
        argon2
            .hash_password_into_with_memory(
                text.as_bytes(),
                salt,
                &mut evaluation.result,
                &mut self.blocks,
            )
            .map_err(|_| HashFault)?;
        Ok(evaluation)
    }

    /// How many evaluations were begun.
    pub fn evaluations(&self) -> u64 {
        self.evaluations
    }

    fn make_room(&mut self, blocks: usize) {
        if self.blocks.len() < blocks {
            self.blocks.resize(blocks, Block::new());
        }
    }
}

/// The result of an evaluation: as secret as the password. Wiped when dropped; cannot be printed, copied or serialised.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct Evaluation {
    result: [u8; RESULT_LEN],
    salt: [u8; SALT_LEN],
    #[zeroize(skip)]
    parameters: Parameters,
}

impl Evaluation {
    /// What recognises this password as the present one.
    pub fn verifier(&self, key: &Key) -> [u8; 32] {
        key.hmac(&[&self.result])
    }

    /// What recognises this password among former ones.
    pub fn history_tag(&self, key: &Key) -> [u8; TAG_LEN] {
        let [tag @ .., _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _] = key.hmac(&[&self.result]);
        tag
    }

    /// What recognises this password among wrong ones that were given for a name.
    pub fn wrong_tag(&self, key: &Key, username: &Username) -> WrongTag {
        let of = [username.as_str().as_bytes(), &self.result];
        let [tag @ .., _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _] = key.hmac(&of);
        tag
    }

    /// The salt it was made with.
    pub fn salt(&self) -> &[u8; SALT_LEN] {
        &self.salt
    }

    /// The parameters it was made with.
    pub fn parameters(&self) -> Parameters {
        self.parameters
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Keys;

    const CHEAP: Parameters = Parameters { memory_kib: 64, passes: 1, lanes: 1 };
    const SALT: [u8; SALT_LEN] = [7; SALT_LEN];

    fn evaluated(text: &str, parameters: Parameters) -> Evaluation {
        Hasher::lazy().evaluate(&Password::new(text.into()), &SALT, parameters).unwrap()
    }

    #[test]
    fn parameters_are_at_least_those_of_the_promise() {
        let Parameters { memory_kib, passes, lanes } = Parameters::CURRENT;
        assert!(memory_kib >= 19_456 && passes >= 2 && lanes >= 1);
    }

    #[test]
    fn a_known_answer_is_met_on_fresh_and_on_kept_memory() {
        let mut plain = [0u8; RESULT_LEN];
        let params = Params::new(64, 1, 1, Some(RESULT_LEN)).unwrap();
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        argon2.hash_password_into("pässwörd".as_bytes(), &SALT, &mut plain).unwrap();
        let mut hasher = Hasher::lazy();
        for _ in 0..3 {
            let got = hasher.evaluate(&Password::new("pässwörd".into()), &SALT, CHEAP).unwrap();
            assert_eq!(got.result, plain);
        }
    }

    #[test]
    fn memory_kept_for_more_serves_less_without_leaving_a_trace() {
        let mut hasher = Hasher::warm();
        let password = Password::new("anything".into());
        hasher.evaluate(&password, &SALT, Parameters::CURRENT).unwrap();
        let small = hasher.evaluate(&password, &SALT, CHEAP).unwrap();
        assert_eq!(small.result, evaluated("anything", CHEAP).result);
        let large = hasher.evaluate(&password, &SALT, Parameters::CURRENT).unwrap();
        assert_eq!(large.result, evaluated("anything", Parameters::CURRENT).result);
    }

    #[test]
    fn one_password_typed_in_two_normal_forms_is_one_password() {
        assert_eq!(evaluated("e\u{301}tude", CHEAP).result, evaluated("étude", CHEAP).result);
        assert_ne!(evaluated("etude", CHEAP).result, evaluated("étude", CHEAP).result);
    }

    #[test]
    fn evaluations_are_counted() {
        let mut hasher = Hasher::lazy();
        assert_eq!(hasher.evaluations(), 0);
        for n in 1..=3 {
            hasher.evaluate(&Password::new("x".into()), &SALT, CHEAP).unwrap();
            assert_eq!(hasher.evaluations(), n);
        }
    }

    #[test]
    fn parameters_out_of_range_are_a_fault_and_take_no_memory() {
        let mut hasher = Hasher::lazy();
        let most = Parameters { memory_kib: 64, passes: PASSES_MAX, lanes: LANES_MAX };
        for (parameters, fine) in [
            (most, true),
            (Parameters { passes: PASSES_MAX + 1, ..most }, false),
            (Parameters { lanes: LANES_MAX + 1, ..most }, false),
            (Parameters { memory_kib: MEMORY_KIB_MAX + 1, ..most }, false),
            (Parameters { memory_kib: u32::MAX, ..most }, false),
            (Parameters { memory_kib: 8, ..CHEAP }, true),
            (Parameters { memory_kib: 7, ..CHEAP }, false),
            (Parameters { passes: 0, ..CHEAP }, false),
            (Parameters { lanes: 0, ..CHEAP }, false),
        ] {
            let got = hasher.evaluate(&Password::new("x".into()), &SALT, parameters);
            assert_eq!(got.is_ok(), fine, "{parameters:?}");
        }
    }

    #[test]
    fn verifier_and_history_tag_have_nothing_in_common() {
        let keys = Keys::derive(&[1; 32]);
        let evaluation = evaluated("x", CHEAP);
        let verifier = evaluation.verifier(&keys.verifier);
        assert_ne!(verifier[..TAG_LEN], evaluation.history_tag(&keys.history));
        assert_ne!(verifier, evaluation.result);
        assert_ne!(verifier, evaluation.verifier(&Keys::derive(&[2; 32]).verifier));
    }

    #[test]
    fn a_wrong_password_is_recognised_for_its_name_only() {
        let key = Keys::derive(&[1; 32]).wrong;
        let tag = |text: &str, name: &str| {
            evaluated(text, CHEAP).wrong_tag(&key, &Username::parse(name).unwrap())
        };
        assert_eq!(tag("x", "alice"), tag("x", "alice"));
        assert_ne!(tag("x", "alice"), tag("y", "alice"));
        assert_ne!(tag("x", "alice"), tag("x", "bobby"));
    }
}
