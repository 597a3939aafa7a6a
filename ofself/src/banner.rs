//! The banner of `ofself serve`: addresses, and a command to try it.

use std::{borrow::Cow, io::IsTerminal, path::Path, time::Duration};

use http_server::ListenAddress;
use runtime::clock::Clock;
use types::Id;

use crate::{config::TokenSettings, token};

/// How long a token that is printed is good.
const TOKEN_TTL: Duration = Duration::from_hours(24);

/// The reader of the banner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// A terminal; the banner has a valid token.
    Terminal,
    /// A file, a pipe or the log of a supervisor; the banner has no token.
    Log,
}

/// Where the parts of a plane listen.
pub(crate) struct Addresses {
    pub(crate) rest: ListenAddress,
    pub(crate) sharing: ListenAddress,
    pub(crate) exposure: ListenAddress,
    pub(crate) admin: ListenAddress,
}

impl Audience {
    /// The audience of this process's stdout.
    pub fn of_stdout() -> Self {
        if std::io::stdout().is_terminal() { Self::Terminal } else { Self::Log }
    }
}

pub(crate) fn banner(
    addresses: &Addresses,
    data_dir: &Path,
    clock: &Clock,
    audience: Audience,
) -> anyhow::Result<String> {
    let Addresses { rest, sharing, exposure, admin } = addresses;
    let (path, shown) = (data_dir.to_string_lossy(), data_dir.display());
    let data = shell_word(&path);
    // As it was started, so that the commands work for the same person.
    let program = std::env::args().next().unwrap_or_else(|| "ofself".to_owned());
    let program = shell_word(&program);
    let (rest_url, console_url, curl) = match rest {
        ListenAddress::Tcp(address) => (
            format!("http://{address}/api/v1"),
            format!("http://{address}/console"),
            format!("curl -X POST http://{address}"),
        ),
        ListenAddress::Unix(path) => {
            let socket = path.to_string_lossy();
            let curl = format!("curl --unix-socket {} -X POST http://localhost", shell_word(&socket));
            (format!("{rest}, /api/v1"), format!("{rest}, /console"), curl)
        }
    };
    let (good_for, authorization, fragment) = match audience {
        Audience::Terminal => {
            let alice = Id::parse("alice")?;
            let token =
                TokenSettings { user: alice, tier: "L0".to_owned(), ttl: TOKEN_TTL, data_dir: data_dir.to_owned() };
            let token = token::mint(&token, clock)?;
            // A fragment is not sent to the server, and the page takes it out of the address.
            let fragment = format!("#token={token}");
            ("her token expires in 24 hours", format!("'Authorization: Bearer {token}'"), fragment)
        }
        Audience::Log => (
            "the command creates her token",
            format!("\"Authorization: Bearer $({program} token --user alice --data-dir {data})\""),
            String::new(),
        ),
    };
    // One share and one key a day: the same line, also after a restart, gets the same response.
    let today = clock.now().utc().date_naive();
    Ok(format!(
        "OfSelf's permission plane is up; its data is in {shown}\n\
         \n\
         \x20 REST      {rest_url}\n\
         \x20 console   {console_url}{fragment}\n\
         \x20 sharing   grpc://{sharing}\n\
         \x20 exposure  grpc://{exposure}\n\
         \x20 admin     http://{admin}/readyz  /metrics\n\
         \n\
         Alice shares what she tagged `{today}` with Bob ({good_for}):\n\
         \n\
         {curl}/api/v1/sharing -H 'Content-Type: application/json' -H 'Idempotency-Key: {today}' -H {authorization} -d '{{\"shared_with_user_id\": \"bob\", \"scope\": \"specific_tags\", \"tag_ids\": [\"{today}\"]}}'\n\
         \n\
         Another token: {program} token --user bob --data-dir {data}\n"
    ))
}

/// A text as one word of a shell's command line. No path has a NUL, which no shell could take.
fn shell_word(text: &str) -> Cow<'_, str> {
    shlex::try_quote(text).unwrap_or(Cow::Borrowed(text))
}
