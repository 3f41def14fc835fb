// How exact the marks are, whether overlap keeps interactions apart, whether all of them end, and what measuring costs: run by `make bench`
// on the release build. It prints how the errors are spread, and fails where more than one in a hundred is beyond what is promised.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync, constants } from 'node:zlib'
import { percentile } from '../../crates/tachymeter-leptos/playwright/budget'
import { expect, test } from '../fixtures'
import { files, Lab, monkey } from '../lab'
import { Server } from '../server'
import { CASES, COLOURS, measure, mistakes, overlap, probe, probeOverlap, spread } from '../truth'
import { pause, Unwatched } from '../unwatched'

const CLICKS = 200
const ROUNDS = 50
const MONKEY_MS = 60_000
/** What is promised: milliseconds, but for the share of a whole. */
const COMMIT = 2
const FRAME = 1000 / 60
const TIMING_ROUNDING = 8
const OVERLAP_SHARE = 0.05
const WITHIN = 50
const COST = 0.2
const COST_SHARE = 0.02
const SIZE_KB = 40

// The laboratory is mounted, not hydrated, and Leptos says so.
// A recorded trace would take snapshots of the page at each step.
test.use({ expectedErrors: [/client-side rendering mode/], trace: 'off' })
test.setTimeout(600_000)

/** What all but one in a hundred of these are off by at most. */
const off = (values: number[]) => percentile(values.map(Math.abs), 0.99)

for (const it of CASES) {
  test(`accuracy: ${it.what}`, async ({ page }) => {
    const lab = await Lab.start()
    await probe(page)
    const seen = await measure(page, lab, it, CLICKS)
    const commit = seen.map(({ truth, it }) => it.numbers.commit - truth.commit)
    const paint = seen.map(({ truth, it }) => it.numbers.total - truth.paint)
    console.log(`${it.what}: commit, ours − MutationObserver's, ms: ${spread(commit)}`)
    console.log(`${it.what}: paint, ours − the task after the frame, ms: ${spread(paint)}`)
    expect(off(commit)).toBeLessThanOrEqual(COMMIT)
    expect(off(paint)).toBeLessThanOrEqual(FRAME)
    // The browser tells of the first paint only, and of none below 16 ms.
    const timed = seen.filter(({ truth }) => it.calls === 0 && truth.timing !== undefined)
    if (timed.length > 0) {
      const timing = timed.map(({ truth, it }) => it.numbers.total - truth.timing!)
      console.log(`${it.what}: paint, ours − Event Timing (steps of 8 ms), ms: ${spread(timing)}`)
      expect(off(timing)).toBeLessThanOrEqual(FRAME + TIMING_ROUNDING)
    }
    await lab.end()
  })
}

test('overlap: blue, green and red within 50 ms, in random order', async ({ page }) => {
  const server = await Server.start()
  const lab = await Lab.start(server.url)
  await probeOverlap(page)
  await page.goto(`${lab.url}/buttons`)
  await expect(page.locator('html[data-hydrated]')).toBeAttached()
  const [apart, errors, shares]: number[][] = [[], [], []]
  const wrong: string[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const order = Object.keys(COLOURS).map((colour) => [Math.random(), colour] as const).sort(([a], [b]) => a - b).map(([, colour]) => colour)
    const seen = await overlap(page, lab, order)
    wrong.push(...mistakes(seen))
    apart.push(seen.presses[2].input - seen.presses[0].input)
    for (const { colour, input, painted } of seen.presses) {
      const { total } = seen.runs[colour].interaction.numbers
      errors.push(total - (painted - input))
      shares.push(Math.abs(total / (painted - input) - 1))
    }
  }
  console.log(`overlap: first press to last, ms: ${spread(apart)}`)
  console.log(`overlap: total, ours − from the press to the frame with its answer, ms: ${spread(errors)}; largest share ${(100 * Math.max(...shares)).toFixed(2)} %`)
  console.log(`overlap: ${wrong.length} wrong outcomes, calls or colours in ${ROUNDS} rounds`)
  expect(wrong).toEqual([])
  expect(Math.max(...apart)).toBeLessThanOrEqual(WITHIN)
  expect(Math.max(...shares)).toBeLessThanOrEqual(OVERLAP_SHARE)
  await lab.end()
  await server.end()
})

test('completeness: a monkey for a minute', async ({ page }) => {
  const lab = await Lab.start()
  const until = Date.now() + MONKEY_MS
  const { did, ended, started, closed, outcomes } = await monkey(page, lab, Date.now(), () => Date.now() < until)
  console.log(`monkey: ${started} started, ${closed} closed: ${JSON.stringify(outcomes)}; ${lab.dropped} dropped`)
  expect(closed).toBe(started)
  expect(ended).toEqual(did)
  await lab.end()
})

/** Ready to be clicked on `id`; how long until the paint is measured alike in all of them. */
async function bench(browser: Unwatched, url: string, id: string, silent = false) {
  const page = await browser.open(url)
  await page.evaluate(`{
    if (${silent}) fetch = () => new Promise(() => {})
    paints = []
    const { port1, port2 } = new MessageChannel()
    let input = 0
    port2.onmessage = () => paints.push(performance.now() - input)
    addEventListener('click', (event) => { input = event.timeStamp; requestAnimationFrame(() => port1.postMessage(0)) }, true)
  }`)
  const middle = `(({ x, y, width, height }) => ({ x: x + width / 2, y: y + height / 2 }))(document.getElementById('${id}').getBoundingClientRect())`
  return { page, at: await page.evaluate<{ x: number, y: number }>(middle), spent: [] as number[] }
}

/** How a person clicks, and how a machine does: milliseconds from one click on a page to the next. In the first, each click has a report of its own. */
const PACES = { 'a click, then a rest': 750, 'ten clicks in a row': 50 }
const [TURNS, WARM_UP, IN_A_TURN] = [12, 3, 10]

for (const id of ['nothing', 'sync']) {
  for (const [pace, ms] of Object.entries(PACES)) {
    test(`cost of a click on "${id}", ${pace}: main thread, with all on against the same build without`, async ({ launchOptions }) => {
      const lab = await Lab.start()
      const browser = Unwatched.start(launchOptions)
      const pages = [await bench(browser, `${lab.url}/lab?off`, id), await bench(browser, `${lab.url}/lab`, id), await bench(browser, `${lab.url}/lab`, id, true)]
      expect(new Set(pages.map(({ page }) => page.renderer)).size, 'a process for each page').toBe(pages.length)
      for (let turn = 0; turn < TURNS + WARM_UP; turn++) {
        const before = pages.map(({ page }) => page.spent())
        // One page after the other, so that what else the machine does meets all.
        for (let click = 0; click < IN_A_TURN * pages.length; click++) {
          const { page, at } = pages[click % pages.length]
          await page.click(at)
          await pause(ms / pages.length)
        }
        // What a turn leaves behind (a report) is its own, too.
        await pause(1_000)
        // The first turns are before everything is compiled for good.
        if (turn >= WARM_UP) for (const [which, { page, spent }] of pages.entries()) spent.push((page.spent() - before[which]) / IN_A_TURN)
      }
      const paint = percentile(await pages[0].page.evaluate<number[]>('paints'), 0.5)
      const [without, all, silent] = pages.map(({ spent }) => spent)
      const more = (spent: number[], than: number[]) => spent.map((ms, turn) => ms - than[turn])
      const told = (what: string, ms: number[]) => {
        const [median, share] = [percentile(ms, 0.5), percentile(ms, 0.5) / paint]
        // Said, not asserted: on a machine that does other things the same work takes up to twice as long, which is more than the budget.
        const kept = median <= COST && share <= COST_SHARE ? 'within' : 'BEYOND'
        console.log(`cost of a click on "${id}", ${pace}: ${what} ${median.toFixed(3)} ms of the main thread, ${(100 * share).toFixed(2)} % of click to paint (${paint.toFixed(1)} ms): ${kept} ${COST} ms and ${100 * COST_SHARE} %`)
        console.log(`  more than without, ms: ${spread(ms)}`)
      }
      told('all on', more(all, without))
      told('to the paint, without its report', more(silent, without))
      console.log(`  the report, ms: ${spread(more(all, silent))}; ${(lab.reports / (TURNS + WARM_UP) / IN_A_TURN).toFixed(2)} reports per click`)
      console.log(`  without, ms: ${spread(without)}`)
      await browser.end()
      await lab.end()
    })
  }
}

test('size: WebAssembly, with Tachymeter and without, brotli', async () => {
  const size = (name: string) => {
    const file = readFileSync(join(files, name))
    return brotliCompressSync(file, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }).length / 1000
  }
  const [lab, bare] = ['lab', 'lab_bare'].map((name) => ({ wasm: size(`${name}_bg.wasm`), glue: size(`${name}.js`) }))
  const more = lab.wasm - bare.wasm
  console.log(`size of all instrumentation: ${more.toFixed(1)} kB of WebAssembly (${lab.wasm.toFixed(1)} − ${bare.wasm.toFixed(1)}), and ${(lab.glue - bare.glue).toFixed(1)} kB of glue; brotli`)
  expect(more).toBeLessThanOrEqual(SIZE_KB)
})
