//! The `sharing-svc` program.

fn main() -> std::process::ExitCode {
    sharing_svc::main()
}
