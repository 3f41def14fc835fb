//! The server's executable: everything it does is in `tachymeter_app::server`.

#[tokio::main]
async fn main() -> std::process::ExitCode {
    tachymeter_app::server::run().await
}
