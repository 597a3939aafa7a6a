//! The `exposure-svc` program.

fn main() -> std::process::ExitCode {
    exposure_svc::main()
}
