//! What a try to sign in is counted against.
//!
//! Wrong passwords count against the pair of name and address, so that nobody bars a name for its
//! owner elsewhere; against the address, which may guess at many names; and, far more widely,
//! against the name, at which many addresses may guess. A device from which the account signed in
//! before counts for itself alone: no stranger's guesses bar it. Whoever has the password and guesses
//! at the second factor meets a ceiling of the account's, wherever they guess from.

use crate::platform::{
    address::ClientAddress,
    db::Id,
    limit::{Limited, Limits, Sender},
    problem::Problem,
};

/// A try that was counted. Only failures count: one that turned out well is given back.
pub(super) struct Try(Vec<(Limited, Sender)>);

impl Try {
    /// Counts a member of staff's try.
    ///
    /// # Errors
    /// 429 when there were too many.
    pub(super) fn of_staff(
        limits: &Limits,
        name: &str,
        address: &ClientAddress,
        device: Option<Id>,
    ) -> Result<Self, Problem> {
        let counted = match device {
            Some(device) => vec![(
                Limited::StaffSignIn,
                Sender::from(&format!("device {device}")),
            )],
            None => vec![
                (
                    Limited::StaffSignIn,
                    Sender::from(&format!("{address} {name}")),
                ),
                (Limited::StaffSignInAddress, Sender::from(address)),
                (Limited::StaffSignInName, Sender::from(name)),
            ],
        };
        Self::count(limits, counted)
    }

    /// Counts a code of the second factor as well, sent with the right password from a device that is
    /// not known; a known one counts for itself already.
    ///
    /// # Errors
    /// 429 when there were too many.
    pub(super) fn count_code(&mut self, limits: &Limits, account: Id) -> Result<(), Problem> {
        let account = Sender::from(&account.to_string());
        limits.take(Limited::SecondFactor, &account)?;
        self.0.push((Limited::SecondFactor, account));
        Ok(())
    }

    /// Counts a signed-in member of staff's try at their own password.
    ///
    /// # Errors
    /// 429 when there were too many.
    pub(super) fn of_session(limits: &Limits, session: Id) -> Result<Self, Problem> {
        Self::count(
            limits,
            vec![(
                Limited::StaffSignIn,
                Sender::from(&format!("session {session}")),
            )],
        )
    }

    /// Counts a resident's try; the code itself bears few tries from anywhere.
    ///
    /// # Errors
    /// 429 when there were too many.
    pub(super) fn of_resident(
        limits: &Limits,
        phone_key: &str,
        address: &ClientAddress,
    ) -> Result<Self, Problem> {
        let counted = vec![
            (
                Limited::ResidentSignIn,
                Sender::from(&format!("{address} {phone_key}")),
            ),
            (Limited::ResidentSignInAddress, Sender::from(address)),
        ];
        Self::count(limits, counted)
    }

    fn count(limits: &Limits, counted: Vec<(Limited, Sender)>) -> Result<Self, Problem> {
        let mut taken = Self(Vec::new());
        for (what, who) in counted {
            if let Err(refused) = limits.take(what, &who) {
                taken.give_back(limits);
                return Err(refused);
            }
            taken.0.push((what, who));
        }
        Ok(taken)
    }

    /// It turned out well, or was none.
    pub(super) fn give_back(self, limits: &Limits) {
        for (what, who) in self.0 {
            limits.give_back(what, &who);
        }
    }
}
