//! The `exposure-svc` program.

fn main() -> std::process::ExitCode {
    service::main::<exposure_svc::ExposureSvc>()
}
