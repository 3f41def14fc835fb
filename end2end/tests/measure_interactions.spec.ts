// Every interaction is measured without help: what is reported against what the page itself saw, overlap, that all of them end, and that
// nobody notices. How exact it is on a quiet machine prints `make bench`; here only what is true on a busy one, too.
import type { Page } from '@playwright/test'
import { percentile, runsOf } from '../../crates/tachymeter-leptos/playwright/budget'
import { expect, test as base } from '../fixtures'
import { Lab, monkey } from '../lab'
import { CASES, COLOURS, measure, mistakes, overlap, probe, probeOverlap } from '../truth'

const test = base.extend<{ lab: Lab; before: Lab }>({
  lab: async ({}, use) => { const lab = await Lab.start(); await use(lab); await lab.end() },
  // The application itself, with an ear at its beacon.
  before: async ({ server }, use) => { const lab = await Lab.start(server.url); await use(lab); await lab.end() },
})

// The laboratory is mounted, not hydrated, and Leptos says so.
const MOUNTED = /client-side rendering mode/
test.use({ expectedErrors: [MOUNTED] })

/** Clocks in a page are rounded to 0.1 ms: two of them may be that far apart. */
const ROUNDING = 0.2

for (const it of CASES) {
  test(`${it.what}: marks in order, commit and paint where the page saw them`, async ({ page, lab }) => {
    await probe(page)
    const seen = await measure(page, lab, it, 4)
    // The browser's own word is joined, whether it comes before the end or a moment after it: unless it comes very late.
    const told = seen.filter(({ truth }) => truth.timing !== undefined)
    const joined = told.filter(({ it }) => it.numbers.event_timing !== undefined)
    for (const { truth, it } of joined) expect(it.numbers.event_timing).toBe(truth.timing)
    expect(joined.length, `of ${told.length}`).toBeGreaterThanOrEqual(Math.min(told.length, 1))
    // Ours is asked after each poll, the page's observer when all of them have run. In a debug build one of many is some milliseconds later
    // all the same; how all of them lie, `make bench` shows.
    expect(percentile(seen.map(({ truth, it }) => it.numbers.commit - truth.commit), 0.5)).toBeLessThanOrEqual(ROUNDING)
    for (const [click, { truth, it: ended, calls }] of seen.entries()) {
      const { numbers, tags } = ended
      expect(tags).toMatchObject({ name: it.name(click), event: 'click', outcome: 'rendered' })
      const parts = ['input_delay', 'handler', 'network', 'server', 'render', 'paint'].map((part) => numbers[part])
      expect(parts.reduce((a, b) => a + b)).toBeCloseTo(numbers.total, 3)
      const marks = [numbers.input_delay, numbers.first_render, numbers.commit, numbers.settled, numbers.frame, numbers.total]
      expect(marks).toEqual([...marks].sort((a, b) => a - b))
      // The paint follows both.
      expect(numbers.total).toBeGreaterThanOrEqual(truth.commit - ROUNDING)
      expect(calls.length).toBe(it.calls)
      for (const call of calls) {
        expect(call.tags).toMatchObject({ name: 'wait', outcome: 'ok', trace_id: tags.trace_id })
        // What it shows is its last answer.
        expect(call.numbers.offset + call.numbers.duration).toBeLessThanOrEqual(numbers.commit + ROUNDING)
        expect(call.numbers.queue + call.numbers.request + call.numbers.decode).toBeLessThanOrEqual(call.numbers.duration + ROUNDING)
      }
    }
  })
}

test('going back through the history is an interaction like others', async ({ page, lab }) => {
  await page.goto(`${lab.url}/lab`)
  await expect(page.locator('html[data-ready]')).toBeAttached()
  await page.getByRole('link', { name: 'There', exact: true }).click()
  await expect(page.locator('h1')).toHaveText('There')
  await page.goBack()
  await expect(page.locator('h1')).toHaveText('Here')
  await expect.poll(() => lab.ended().map(({ tags: { name, event, outcome } }) => [name, event, outcome]))
    .toEqual([['link "There"', 'click', 'rendered'], ['popstate', 'popstate', 'rendered']])
})

test('blue, green and red at once, in any order: each has its own time, call and end, and the last stays', async ({ page, before }) => {
  await probeOverlap(page)
  await page.goto(`${before.url}/buttons`)
  await expect(page.locator('html[data-hydrated]')).toBeAttached()
  for (const order of [['blue', 'green', 'red'], ['red', 'blue', 'green'], ['green', 'red', 'blue']]) {
    const round = await overlap(page, before, order)
    expect(mistakes(round)).toEqual([])
    for (const { colour, input, answered } of round.presses) {
      const { interaction: { numbers }, calls: [call] } = round.runs[colour]
      // Its own answer is within its time, whatever the others did.
      expect(numbers.total).toBeGreaterThanOrEqual(answered - input)
      expect(call.numbers.duration).toBeGreaterThanOrEqual(COLOURS[colour])
      expect(call.numbers.offset + call.numbers.duration).toBeLessThanOrEqual(numbers.total)
    }
  }
})

test.describe('a form', () => {
  // The browser says by itself that the answer was a 401.
  test.use({ expectedErrors: [/status of 401/] })

  test('sent by its button or by a key, it is one interaction called by the button; nothing typed is in it', async ({ page, before }) => {
    await page.goto(`${before.url}/sign-in`)
    await expect(page.locator('html[data-hydrated]')).toBeAttached()
    await page.getByLabel('Email').fill('who-typed-this@example.org')
    await page.getByLabel('Password', { exact: true }).fill('a secret of mine')
    const submitted = () => runsOf(before.reported, 'button "Sign in"')
    await page.getByRole('main').getByRole('button', { name: 'Sign in' }).click()
    await expect.poll(() => submitted().length).toBe(1)
    await expect(page.getByRole('alert').filter({ hasText: /match/ })).toBeFocused()
    await page.getByLabel('Password', { exact: true }).press('Enter')
    await expect.poll(() => submitted().length).toBe(2)
    for (const { interaction, calls } of submitted()) {
      expect(interaction.tags).toMatchObject({ event: 'submit', outcome: 'failed' })
      expect(calls.map((call) => [call.tags.name, call.tags.outcome])).toEqual([['sign_in', 'error']])
    }
    expect(JSON.stringify(before.reported)).not.toMatch(/who-typed-this|secret/)
  })
})

test('what a monkey does is all reported, and all of it ends', async ({ page, lab }) => {
  const { did, ended, started, closed, outcomes } = await monkey(page, lab, 5, (acts) => acts < 60)
  expect(closed, JSON.stringify(outcomes)).toBe(started)
  expect(ended).toEqual(did)
  expect(lab.dropped).toBe(0)
  expect(Object.keys(outcomes).filter((outcome) => !['aborted', 'rendered', 'superseded', 'unchanged'].includes(outcome))).toEqual([])
})

test.describe('nothing changes for the person', () => {
  // One pattern: Playwright takes an array of two for a value and its settings.
  test.use({ expectedErrors: [new RegExp(`${MOUNTED.source}|on purpose|unreachable|panicked|Failed to load resource|ERR_`)] })

  for (const [what, id, label] of [['when a handler panics', 'panic-handler', 'Panic'], ['when an effect panics', 'panic-effect', 'Panic later']]) {
    test(what, async ({ page, lab }) => {
      const seen: string[] = []
      for (const path of ['/lab?off', '/lab']) {
        await page.goto(lab.url + path)
        await expect(page.locator('html[data-ready]')).toBeAttached()
        for (const button of [id, 'sync', 'call']) await page.locator(`#${button}`).click()
        await expect(page.locator('#done')).toHaveText('3')
        await expect(page.locator('i')).toHaveText('0')
        seen.push(await page.locator('body').innerText())
      }
      expect(seen[1], 'what is seen with measuring').toBe(seen[0])
      // Only the click that panicked has failed.
      await expect.poll(() => lab.ended().map((it) => [it.tags.name, it.tags.outcome]))
        .toEqual([[`button "${label}"`, 'failed'], ['button "Sync"', 'rendered'], ['button "Call"', 'rendered']])
    })
  }

  /** Two presses after one another, each shown and listed as ever. */
  const press = async (page: Page) => {
    for (const [times, colour] of ['Red', 'Green'].entries()) {
      await page.getByRole('button', { name: colour }).click()
      await expect(page.getByTestId('swatch')).toHaveClass(new RegExp(`swatch-${colour.toLowerCase()}`))
      await expect(page.getByTestId('history').getByRole('listitem')).toHaveText(Array(times + 1).fill(/rendered/))
    }
  }

  for (const [what, refuse] of [
    ['when the beacon is refused', { status: 500 }],
    ['when an extension blocks the beacon', 'blockedbyclient'],
  ] as const) {
    test(what, async ({ page, visit }) => {
      const asked = page.waitForRequest('**/telemetry/beacon')
      await page.route('**/telemetry/beacon', (route) => (typeof refuse === 'string' ? route.abort(refuse) : route.fulfill(refuse)))
      await visit('/buttons')
      await press(page)
      await asked
    })
  }

  test('when the page may store nothing', async ({ page, visit }) => {
    await page.addInitScript(() => {
      for (const storage of ['localStorage', 'sessionStorage', 'indexedDB', 'caches']) {
        Object.defineProperty(window, storage, { get() { throw new DOMException('denied', 'SecurityError') } })
      }
      Object.defineProperty(Document.prototype, 'cookie', { get: () => '', set() {} })
    })
    const reported = page.waitForResponse('**/telemetry/beacon')
    await visit('/buttons')
    await press(page)
    expect((await reported).status()).toBe(204)
  })
})
