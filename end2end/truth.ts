// How exact are the marks? Beside what measures runs a ground truth of the page's own: a MutationObserver for the commit, a frame and a message
// after it for the paint, Event Timing, which is the browser's, and, where presses overlap, the moment at which each answer was read.
import { expect, type Page } from '@playwright/test'
import { percentile, type Reported, type Run, runsOf } from '../crates/tachymeter-leptos/playwright/budget'
import type { Lab } from './lab'

/** A way in which a click can go on: which control, what it is called, and when all of it is on the page. */
export type Case = { what: string; click: string[]; name: (click: number) => string; busy?: boolean; calls: number }

const button = (what: string, id: string, label: string, calls = 0, busy = false): Case => ({ what, click: [`#${id}`], name: () => `button "${label}"`, calls, busy })

export const CASES: Case[] = [
  button('handler that changes something', 'sync', 'Sync'),
  button('handler that blocks for 50 ms', 'blocking', 'Blocking'),
  button('server function', 'call', 'Call', 1),
  button('two in sequence', 'sequence', 'Sequence', 2),
  button('two in parallel', 'parallel', 'Parallel', 2),
  button('resource behind Suspense', 'suspense', 'Suspense', 1),
  { what: 'navigation', click: ['nav a:nth-child(2)', 'nav a:nth-child(1)'], name: (click) => (click % 2 ? 'link "Here"' : 'link "There"'), calls: 0 },
  button('main thread busy', 'call', 'Call', 1, true),
]

export type Truth = { input: number; commit: number; paint: number; timing?: number }
/** One click: what the page itself saw, what was reported, and the calls of the report. Milliseconds from the input. */
export type Seen = { truth: Truth; it: Reported; calls: Reported[] }

type Probe = { truths: Truth[]; still: (answers: number) => boolean }

/** Puts the ground truth into the page, before any other script. */
export async function probe(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const truths: Truth[] = []
    const channel = new MessageChannel()
    const painted: [Truth, number][] = []
    let last = 0
    channel.port2.onmessage = () => {
      const now = performance.now()
      for (const [truth, commit] of painted.splice(0)) if (truth.commit === commit) truth.paint = now - truth.input
    }
    addEventListener('click', (event) => truths.push({ input: event.timeStamp, commit: 0, paint: 0 }), true)
    new MutationObserver(() => {
      last = performance.now()
      const truth = truths.at(-1)
      if (!truth) return
      truth.commit = last - truth.input
      requestAnimationFrame(() => { painted.push([truth, truth.commit]); channel.port1.postMessage(0) })
    }).observe(document, { subtree: true, childList: true, attributes: true, characterData: true })
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) {
        const truth = truths.find((truth) => truth.input === entry.startTime)
        if (truth && entry.name === 'click') truth.timing = entry.duration
      }
    }).observe({ type: 'event', durationThreshold: 16 } as PerformanceObserverInit)
    performance.setResourceTimingBufferSize(100_000)
    // All answers are here, and nothing has happened for a while: another click would take what still comes for its own.
    const still = (answers: number) => {
      const ends = performance.getEntriesByType('resource').filter((it) => it.name.includes('/lab/wait')).map((it) => (it as PerformanceResourceTiming).responseEnd)
      return ends.length >= answers && performance.now() - Math.max(last, ...ends) > 100 && truths.every((truth) => truth.paint > truth.commit)
    }
    Object.assign(window, { probe: { truths, still } })
  })
}

/** Clicks so many times, one after the other, and brings together what the page saw with what was reported. */
export async function measure(page: Page, lab: Lab, it: Case, clicks: number): Promise<Seen[]> {
  await page.goto(`${lab.url}/lab`)
  await expect(page.locator('html[data-ready]')).toBeAttached()
  if (it.busy) await page.evaluate(() => { setInterval(() => { const until = performance.now() + 20; while (performance.now() < until); }, 30) })
  const before = lab.ended().length
  for (let click = 0; click < clicks; click++) {
    await page.locator(it.click[click % it.click.length]).click()
    await page.waitForFunction(([clicked, answers]) => {
      const { truths, still } = (window as unknown as { probe: Probe }).probe
      return truths.length === clicked && truths.at(-1)!.commit > 0 && still(answers)
    }, [click + 1, (click + 1) * it.calls])
  }
  await expect.poll(() => lab.ended().length - before, `interactions of ${it.what}`).toBe(clicks)
  const truths = await page.evaluate(() => (window as unknown as { probe: Probe }).probe.truths)
  return lab.ended().slice(before).map((ended, click) => ({
    truth: truths[click],
    it: ended,
    calls: lab.reported.filter((call) => call.tags.parent_id === ended.tags.span_id),
  }))
}

/** How long the server works for each, as Leptos.toml is shipped: in the order in which they are answered. */
export const COLOURS: Record<string, number> = { red: 100, green: 500, blue: 1000 }

/** Milliseconds of the page's clock. */
type Press = { colour: string; input: number; answered?: number; painted?: number }
/** Three presses: who was pressed when, what was reported of each, and what was on the screen in the end. */
export type Round = { presses: Required<Press>[]; runs: Record<string, Run>; shown?: string }

/** Before any other script: when each button was pressed, when its answer was read, and when the frame after that was painted. */
export async function probeOverlap(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const presses: Press[] = []
    Object.assign(window, { presses })
    addEventListener('click', (event) => {
      const colour = /press-(red|green|blue)/.exec((event.target as Element).closest('button')?.className ?? '')?.[1]
      if (colour) presses.push({ colour, input: event.timeStamp })
    }, true)
    for (const how of ['text', 'arrayBuffer'] as const) {
      const read = Response.prototype[how] as () => Promise<never>
      Response.prototype[how] = async function () {
        const body = await read.call(this)
        const press = presses.findLast((press) => this.url.includes(`/press_${press.colour}`))
        if (press) {
          press.answered = performance.now()
          const { port1, port2 } = new MessageChannel()
          port2.onmessage = () => { press.painted = performance.now() }
          requestAnimationFrame(() => port1.postMessage(0))
        }
        return body
      }
    }
  })
}

/** Presses the three in this order, without a pause. */
export async function overlap(page: Page, lab: Lab, order: string[]): Promise<Round> {
  const of = (colour: string) => runsOf(lab.reported, `buttons.${colour}`)
  const before = Object.fromEntries(order.map((colour) => [colour, of(colour).length]))
  const places = await Promise.all(order.map(async (colour) => (await page.locator(`button.press-${colour}`).boundingBox())!))
  // The browser takes them one after the other; nobody waits in between.
  await Promise.all(places.map(({ x, y, width, height }) => page.mouse.click(x + width / 2, y + height / 2)))
  for (const colour of order) await expect.poll(() => of(colour).length, `${colour} of ${order}`).toBe(before[colour] + 1)
  const presses = await page.evaluate(() => (window as unknown as { presses: Press[] }).presses.splice(0))
  const shown = /swatch-(\w+)/.exec((await page.getByTestId('swatch').getAttribute('class')) ?? '')?.[1]
  const runs = Object.fromEntries(order.map((colour) => [colour, of(colour).at(-1)!]))
  return { presses: presses as Required<Press>[], runs, shown }
}

/** What is wrong with a round: outcomes, calls, and the colour that stays. How exact the times are is another question. */
export function mistakes({ presses, runs, shown }: Round): string[] {
  const order = presses.map((press) => press.colour)
  const wrong: string[] = []
  if (shown !== order.at(-1)) wrong.push(`${shown} stays on the screen, ${order.at(-1)} was pressed last`)
  const answered: string[] = []
  for (const colour of Object.keys(COLOURS)) {
    const { interaction: { tags }, calls } = runs[colour]
    // An answer is shown unless a later press was answered before.
    const due = answered.some((other) => order.indexOf(other) > order.indexOf(colour)) ? 'superseded' : 'rendered'
    if (tags.outcome !== due) wrong.push(`${colour} ended as ${tags.outcome}, not ${due}`)
    const names = calls.map((call) => call.tags.name).join(', ')
    if (names !== `press_${colour}`) wrong.push(`${colour} called ${names || 'nothing'}`)
    answered.push(colour)
  }
  return wrong.map((what) => `${order}: ${what}`)
}

/** How values are spread, as one line. */
export function spread(values: number[]): string {
  const at = (p: number) => percentile(values, p).toFixed(2)
  return `min ${at(0)}, p5 ${at(0.05)}, median ${at(0.5)}, p95 ${at(0.95)}, max ${at(1)} (n = ${values.length})`
}
