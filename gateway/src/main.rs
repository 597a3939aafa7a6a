//! The `gateway` program.

fn main() -> std::process::ExitCode {
    gateway::main()
}
