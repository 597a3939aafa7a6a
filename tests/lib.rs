//! End-to-end tests: they start whole processes and use them over HTTP and gRPC. The tests are in `it`.
