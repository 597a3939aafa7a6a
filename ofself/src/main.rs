//! The `ofself` program.

fn main() -> std::process::ExitCode {
    ofself::main()
}
