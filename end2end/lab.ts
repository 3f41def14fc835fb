// The laboratory: serves examples/lab of tachymeter-leptos, answers its one server function, and keeps what its beacon reports; and the
// monkey that is let into it. With a `target` it stands before the real server and hears what pages report to that.
import { readFile } from 'node:fs/promises'
import { createServer, request, type IncomingMessage, type Server as HttpServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join, resolve } from 'node:path'
import { expect, type Page } from '@playwright/test'
import { add, type Reported, read } from '../crates/tachymeter-leptos/playwright/budget'

/** Where scripts/lab has put it. */
export const files = resolve(__dirname, '../target/lab', process.env.TACHYMETER_PROJECT === 'bench' ? 'release' : 'debug')

export class Lab {
  /** Everything that pages have reported, in the order in which it came. */
  readonly reported: Reported[] = []
  /** How many requests that came in. */
  reports = 0
  /** How many events browsers say that they have given up on. */
  dropped = 0
  private readonly http: HttpServer

  private constructor(private readonly target?: string) {
    this.http = createServer((asked, answer) => { void this.answer(asked, answer) })
  }

  static async start(target?: string): Promise<Lab> {
    const lab = new Lab(target)
    await new Promise<void>((done) => lab.http.listen(0, '127.0.0.1', done))
    return lab
  }

  get url(): string {
    return `http://127.0.0.1:${(this.http.address() as AddressInfo).port}`
  }

  async end(): Promise<void> {
    this.http.closeAllConnections()
    await new Promise((done) => this.http.close(done))
  }

  /** The interactions that have ended, of this name or all, with the server functions that they called. */
  ended(name?: string): Reported[] {
    return this.reported.filter((it) => it.event === 'leptos.interaction.stop' && (!name || it.tags.name === name))
  }

  private async answer(asked: IncomingMessage, answer: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of asked) chunks.push(chunk as Buffer)
    const body = Buffer.concat(chunks)
    const path = new URL(asked.url!, this.url).pathname
    if (path === '/telemetry/beacon') {
      const { events, dropped } = read(body.toString())
      add(this.reported, events)
      this.reports += 1
      this.dropped += dropped
    }
    if (this.target) return this.forward(asked, body, answer)
    if (path === '/telemetry/beacon') return void answer.writeHead(204).end()
    if (path.startsWith('/lab/wait')) return wait(body, answer)
    await serve(path, answer)
  }

  private forward(asked: IncomingMessage, body: Buffer, answer: ServerResponse): void {
    const headers = { ...asked.headers, 'content-length': String(body.length) }
    delete headers['transfer-encoding']
    const onward = request(`${this.target}${asked.url}`, { method: asked.method, headers }, (got) => {
      answer.writeHead(got.statusCode!, got.headers)
      got.pipe(answer)
    })
    onward.on('error', () => answer.destroy())
    answer.on('close', () => onward.destroy())
    onward.end(body)
  }
}

function wait(body: Buffer, answer: ServerResponse): void {
  const ms = Number(new URLSearchParams(body.toString()).get('ms'))
  setTimeout(() => {
    answer.writeHead(200, { 'content-type': 'application/json', 'server-timing': `total;dur=${ms}` })
    answer.end(JSON.stringify(ms))
  }, ms)
}

async function serve(path: string, answer: ServerResponse): Promise<void> {
  const file = /^\/files\/(lab|lab_bare)(_bg\.wasm|\.js)$/.exec(path)
  if (!file) {
    const name = path.startsWith('/lab_bare') ? 'lab_bare' : 'lab'
    answer.writeHead(200, { 'content-type': 'text/html' })
    return void answer.end(`<!doctype html><title>Laboratory</title><link rel="icon" href="data:,"><body>
      <script type="module">import init from '/files/${name}.js'; await init(); document.documentElement.dataset.ready = ''</script>`)
  }
  answer.writeHead(200, { 'content-type': path.endsWith('.js') ? 'text/javascript' : 'application/wasm' })
  answer.end(await readFile(join(files, path.slice('/files/'.length))))
}

/** The same numbers for the same seed: what a monkey did can be done again. */
function dice(seed: number): (sides: number) => number {
  return (sides) => {
    seed = (seed + 0x6d2b79f5) | 0
    let mixed = Math.imul(seed ^ (seed >>> 15), seed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) % sides
  }
}

/** What of this is reported, by name, must be what the monkey did. */
const LABELS: Record<string, string> = {
  sync: 'button "Sync"', blocking: 'button "Blocking"', call: 'button "Call"', sequence: 'button "Sequence"', parallel: 'button "Parallel"',
  suspense: 'button "Suspense"', note: 'textbox "Note"',
}

/** Clicks, presses keys, types, navigates and reloads without sense, as long as `more` says; then leaves the page. */
export async function monkey(page: Page, lab: Lab, seed: number, more: (acts: number) => boolean) {
  const roll = dice(seed)
  const did: Record<string, number> = {}
  const note = (id: string) => { did[LABELS[id]] = (did[LABELS[id]] ?? 0) + 1 }
  const control = () => Object.keys(LABELS).filter((id) => id !== 'note')[roll(6)]
  const ready = () => page.locator('html[data-ready]').waitFor({ state: 'attached' })
  const open = async () => { await page.goto(`${lab.url}/lab`); await ready() }
  const click = async () => { const id = control(); note(id); await page.locator(`#${id}`).click() }
  const acts = [
    click, click, click,
    async () => { const id = control(); note(id); await page.locator(`#${id}`).press('Enter') },
    async () => { note('note'); await page.locator('#note').press('a') },
    () => page.locator('#nothing').click(),
    () => page.getByRole('link', { name: 'There', exact: true }).click(),
    async () => { await page.goBack() },
    async () => { await page.reload(); await ready() },
  ]
  await open()
  for (let act = 0; more(act); act++) {
    if (await page.locator('#sync').isVisible()) await acts[roll(acts.length)]()
    else if (await page.locator('h1').isVisible()) await page.getByRole('link', { name: 'Here', exact: true }).click()
    else await open()
  }
  await page.goto('about:blank')
  const count = (event: string) => lab.reported.filter((it) => it.event === event).length
  await expect.poll(() => count('leptos.interaction.start') - count('leptos.interaction.stop'), 'interactions without an end').toBe(0)
  const [outcomes, ended]: Record<string, number>[] = [{}, {}]
  for (const { tags: { name, outcome } } of lab.ended()) {
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
    if (Object.values(LABELS).includes(name)) ended[name] = (ended[name] ?? 0) + 1
  }
  return { did, ended, started: count('leptos.interaction.start'), closed: lab.ended().length, outcomes }
}
