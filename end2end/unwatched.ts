// A Chromium that nobody watches, as a person's is: what drives the other tests turns on the browser's own instruments (Network, Runtime, Page,
// Log), which make each event, each request and each task dearer. Here input comes through the browser's process, and a page's processor time
// is the operating system's own figure.
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'

type Answer = { id?: number, result?: unknown, error?: { message: string } }

export const pause = (ms: number) => new Promise<void>((done) => setTimeout(done, ms))

/** On Linux a process' first thread is called as the process is; of a renderer it is the main thread. */
function spent(renderer: number): number {
  return Number(readFileSync(`/proc/${renderer}/task/${renderer}/schedstat`, 'utf8').split(' ')[0]) / 1e6
}

export class Unwatched {
  private readonly asked = new Map<number, [(result: never) => void, (error: Error) => void]>()
  private last = 0
  private text = ''

  private constructor(private readonly child: ChildProcess, private readonly profile: string) {
    const answers = child.stdio[4] as Duplex
    answers.on('data', (data) => {
      const texts = (this.text + data).split('\0')
      this.text = texts.pop()!
      for (const text of texts) this.hear(JSON.parse(text))
    })
  }

  /** As in `launchOptions` of the configuration. */
  static start({ executablePath, args = [] }: { executablePath?: string, args?: string[] }): Unwatched {
    const profile = mkdtempSync(join(tmpdir(), 'tachymeter-'))
    // Nothing else of it shall have a renderer.
    const alone = ['--no-startup-window', '--no-default-browser-check', '--disable-extensions', '--disable-component-extensions-with-background-pages']
    const pipes = ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] as const
    const child = spawn(executablePath!, [...args, ...alone, '--remote-debugging-pipe', `--user-data-dir=${profile}`], { stdio: [...pipes] })
    return new Unwatched(child, profile)
  }

  async end(): Promise<void> {
    const ended = new Promise((done) => this.child.on('exit', done))
    await this.send('Browser.close')
    await ended
    rmSync(this.profile, { recursive: true, force: true, maxRetries: 5 })
  }

  send<T>(method: string, params: object = {}, sessionId?: string): Promise<T> {
    const id = ++this.last;
    (this.child.stdio[3] as Duplex).write(`${JSON.stringify({ id, method, params, sessionId })}\0`)
    return new Promise((done, failed) => this.asked.set(id, [done, failed]))
  }

  private hear({ id, result, error }: Answer): void {
    const [done, failed] = this.asked.get(id!) ?? []
    this.asked.delete(id!)
    if (error) failed?.(new Error(error.message))
    else done?.(result as never)
  }

  /** Opens a page in a process of its own, and waits until the laboratory in it is ready. */
  async open(url: string): Promise<UnwatchedPage> {
    const { browserContextId } = await this.send<{ browserContextId: string }>('Target.createBrowserContext')
    const { targetId } = await this.send<{ targetId: string }>('Target.createTarget', { url, browserContextId })
    const { sessionId } = await this.send<{ sessionId: string }>('Target.attachToTarget', { targetId, flatten: true })
    const page = new UnwatchedPage(this, sessionId)
    const ready = () => page.evaluate('document.documentElement?.dataset.ready !== undefined').catch(() => false)
    while (!await ready()) await pause(50)
    await pause(1_000)
    await page.find(await this.renderers())
    return page
  }

  private async renderers(): Promise<number[]> {
    const { processInfo } = await this.send<{ processInfo: { id: number, type: string }[] }>('SystemInfo.getProcessInfo')
    return processInfo.filter(({ type }) => type === 'renderer').map(({ id }) => id)
  }
}

export class UnwatchedPage {
  /** Its process. */
  renderer = 0

  constructor(private readonly browser: Unwatched, private readonly session: string) {}

  async evaluate<T>(expression: string): Promise<T> {
    const params = { expression, awaitPromise: true, returnByValue: true }
    const { result, exceptionDetails } = await this.browser.send<{ result: { value: T }, exceptionDetails?: object }>('Runtime.evaluate', params, this.session)
    if (exceptionDetails) throw new Error(JSON.stringify(exceptionDetails))
    return result.value
  }

  /** Which of these processes is its own: the one that works when it does. */
  async find(renderers: number[]): Promise<void> {
    const before = renderers.map(spent)
    await this.evaluate('for (const until = performance.now() + 300; performance.now() < until;);')
    await pause(50)
    const more = renderers.map((renderer, at) => spent(renderer) - before[at])
    this.renderer = renderers[more.indexOf(Math.max(...more))]
  }

  /** Milliseconds that its main thread has run on a processor so far. Exact while it rests. */
  spent(): number {
    return spent(this.renderer)
  }

  async click({ x, y }: { x: number, y: number }): Promise<void> {
    for (const type of ['mousePressed', 'mouseReleased']) {
      await this.browser.send('Input.dispatchMouseEvent', { type, x, y, button: 'left', clickCount: 1 }, this.session)
    }
  }
}
