# The command list. `make run` and `make test` do all their own set-up.
# scripts/env is written for bash.
SHELL := bash

.PHONY: help run test check e2e bench watch setup release screenshots

help: ## this list
	@sed -n 's/^\([a-z0-9]*\):.*## /\1\t/p' Makefile | expand -t 14

run: ## set up, build, and serve http://127.0.0.1:3000
	@scripts/run

test: ## set up, and run every test: Rust, WebAssembly, browser
	@scripts/test

check: ## format and lints; the oldest Rust that will do; Miri
	@scripts/check

e2e: ## the browser tests alone
	@scripts/e2e

bench: ## measure, and print the figures
	@scripts/bench

watch: setup ## rebuild and reload at every change
	@. scripts/env && cargo leptos watch

release: ## the build to deploy
	@scripts/release

screenshots: ## take the README's pictures from the running release build
	@scripts/screenshots

setup: ## tools only
	@scripts/setup
