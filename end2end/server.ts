// A server of our own for a test: its own port, its own database, stopped when the test is.
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

const root = resolve(__dirname, '..')

function freePort(): Promise<number> {
  return new Promise((done, fail) => {
    const probe = createServer()
    probe.on('error', fail)
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number }
      probe.close(() => done(port))
    })
  })
}

export class Server {
  private child?: ChildProcess
  private log = ''

  private constructor(readonly port: number, private readonly folder: string, private readonly settings: Record<string, string>) {}

  /** Starts a server; `settings` are `APP__SECTION__KEY` variables that override Leptos.toml. */
  static async start(settings: Record<string, string> = {}): Promise<Server> {
    const server = new Server(await freePort(), mkdtempSync(join(tmpdir(), 'tachymeter-')), settings)
    await server.up()
    return server
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  async up(): Promise<void> {
    const binary = process.env.TACHYMETER_SERVER ?? join(root, 'target/debug/tachymeter-app')
    this.child = spawn(binary, {
      cwd: root,
      env: {
        ...process.env,
        APP__SERVER__ADDRESS: `127.0.0.1:${this.port}`,
        APP__DATABASE__URL: `sqlite://${join(this.folder, 'test.db')}`,
        // Nothing of the outside is reached: an unreachable list fails open, at once.
        APP__AUTH__BREACH_LIST_URL: 'http://127.0.0.1:9/range/',
        APP__LANDING__DELAY_MIN_MS: '50',
        APP__LANDING__DELAY_MAX_MS: '150',
        ...this.settings,
      },
    })
    const keep = (chunk: Buffer) => { this.log += chunk }
    this.child.stdout?.on('data', keep)
    this.child.stderr?.on('data', keep)
    for (let tries = 0; tries < 200; tries++) {
      if (this.child.exitCode !== null) break
      const answer = await fetch(`${this.url}/health`).catch(() => undefined)
      if (answer?.ok) return
      await new Promise((next) => setTimeout(next, 50))
    }
    throw new Error(`the server did not come up:\n${this.log}`)
  }

  /** Stops it as an operator would; waits until it is gone. */
  async down(): Promise<void> {
    const child = this.child
    if (!child || child.exitCode !== null) return
    const gone = new Promise((done) => child.once('exit', done))
    child.kill('SIGTERM')
    await gone
  }

  async end(): Promise<void> {
    await this.down()
    rmSync(this.folder, { recursive: true, force: true })
  }
}
