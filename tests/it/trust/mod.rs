//! Authentication, authorization and secrets, over whole processes.

mod plane;

mod contention;
mod doctor;
mod fairness;
mod mutual_tls;
mod roles;
mod secrets;
mod start_up;
mod unix_socket;
