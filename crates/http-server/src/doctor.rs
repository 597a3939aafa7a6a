//! Checks of `doctor`: whether an address can be bound, and until when a certificate is valid.

use std::{path::Path, time::Duration};

use runtime::{doctor::Doctor, process::ConfigurationError};
use types::Timestamp;

use crate::{ListenAddress, Listener, PlainText, listener::plain_text_refused, tls::valid_until};

/// A certificate that expires sooner is worth a warning.
const EXPIRES_SOON: Duration = Duration::from_hours(14 * 24);

/// Checks whether the address could be bound. `plain_text`: where plain text is allowed there; `None` with TLS.
pub async fn check_address(
    doctor: &mut Doctor,
    subject: &'static str,
    address: &ListenAddress,
    plain_text: Option<PlainText>,
) {
    if plain_text == Some(PlainText::OnThisMachine) && !address.is_of_this_machine() {
        return doctor.error(subject, &plain_text_refused(address).into());
    }
    if plain_text == Some(PlainText::Anywhere) && !address.is_of_this_machine() {
        doctor.warning(subject, format!("{address} is plain text: everyone on the network path can read it"));
    }
    if let ListenAddress::Unix(path) = address {
        let folder = path.parent().unwrap_or(Path::new("/"));
        let message = format!("{address}, a socket file for its owner and group");
        return if folder.is_dir() {
            doctor.ok(subject, message);
        } else {
            doctor.warning(subject, format!("{message}; its folder {} will be created", folder.display()));
        };
    }
    match Listener::bind(address, None, PlainText::NothingToHide).await {
        Ok(_) => doctor.ok(subject, format!("{address} is free")),
        Err(error) => doctor.warning(subject, format!("{error}; is this program already running?")),
    }
}

/// Checks until when a certificate is valid.
pub fn check_certificate(doctor: &mut Doctor, subject: &'static str, path: &Path, now: Timestamp) {
    let file = path.display();
    match valid_until(path) {
        Err(error) => doctor.error(subject, &error.into()),
        Ok(end) => {
            let left = end - now.utc().timestamp();
            let days = left / (24 * 60 * 60);
            if left <= 0 {
                let message = format!("{file} has expired; replace it, it is reloaded without a restart");
                doctor.error(subject, &ConfigurationError::new(message).into());
            } else if left < i64::try_from(EXPIRES_SOON.as_secs()).unwrap_or(i64::MAX) {
                doctor.warning(subject, format!("{file} expires in {days} days; check that it is renewed"));
            } else {
                doctor.ok(subject, format!("{file} is valid for {days} more days"));
            }
        }
    }
}
