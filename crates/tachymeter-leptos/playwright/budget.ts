// Budgets as tests, for any application that uses tachymeter-leptos. One file: copy it into your Playwright tests.
//
//   import { expect, test } from './budget'
//
//   test('red stays within its budget', async ({ page, budget }) => {
//     await page.goto('/buttons')
//     await budget('buttons.red', { runs: 20, p95: 150, renders: 2, serverFunctions: 1 }, () => page.getByRole('button', { name: 'Red' }).click())
//   })
//
// The action is run so many times; each time the interaction of that name is waited for, as the page itself reports it to its beacon. A
// budget that is exceeded fails the test with the waterfall of the worst run. Times are milliseconds. If `init` was given another path than
// `/telemetry/beacon`, say so: `test.use({ beacon: '/reports' })`. Tests with fixtures of their own take this one by Playwright's `mergeTests`.
import { expect, test as base, type Page } from '@playwright/test'

/** An event as a page reports it. */
export type Reported = {
  event: string
  /** Durations in milliseconds, numbers as they are. */
  numbers: Record<string, number>
  tags: Record<string, string>
}

/** What an interaction may take. What is not given is not looked at. */
export type Budget = {
  /** How many times the action is run (10). */
  runs?: number
  /** The 95th percentile of the whole, from the input to the paint, in milliseconds. */
  p95?: number
  /** How many re-renders each run may have at most. */
  renders?: number
  /** How many server functions each run may call at most. */
  serverFunctions?: number
  /** How each run ends ("rendered"). */
  outcome?: string
}

/** One run: the interaction, and the server functions that it called. */
export type Run = { interaction: Reported; calls: Reported[] }

/** Reads a beacon's body. */
export function read(body: string): { events: Reported[]; dropped: number } {
  const { events, dropped } = JSON.parse(body) as { events: [string, [string, number, boolean][], [string, string][]][]; dropped: number }
  return {
    dropped,
    events: events.map(([event, numbers, tags]) => ({
      event,
      numbers: Object.fromEntries(numbers.map(([key, value, isDuration]) => [key, isDuration ? value * 1000 : value])),
      tags: Object.fromEntries(tags),
    })),
  }
}

/** The ended interactions of this name among what was reported, each with its calls. */
export function runsOf(reported: Reported[], name: string): Run[] {
  return reported
    .filter((it) => it.event === 'leptos.interaction.stop' && it.tags.name === name)
    .map((interaction) => ({
      interaction,
      calls: reported.filter((it) => it.event.startsWith('leptos.server_fn.') && it.tags.parent_id === interaction.tags.span_id),
    }))
}

export function percentile(values: number[], p: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(p * sorted.length) - 1)]
}

/** One line of a waterfall: where it stands within the whole, in characters. */
function line(name: string, from: number, to: number, total: number): string {
  const width = 60
  const at = (ms: number) => Math.max(0, Math.min(width, Math.round((ms / total) * width)))
  const bar = ' '.repeat(at(from)) + '█'.repeat(Math.max(at(to) - at(from), 0) || 1)
  return `  ${name.padEnd(26)}${bar.padEnd(width + 2)}${from.toFixed(1).padStart(8)} – ${to.toFixed(1)} ms`
}

/** Where one run's time went, as text. */
export function waterfall({ interaction, calls }: Run): string {
  const { numbers, tags } = interaction
  const lines: string[] = []
  const parts = ['input_delay', 'handler', 'network', 'server', 'render', 'paint']
  let from = 0
  for (const part of parts) {
    lines.push(line(part, from, from + numbers[part], numbers.total))
    from += numbers[part]
  }
  for (const { numbers: call, tags: { name } } of calls) {
    let at = call.offset ?? 0
    for (const part of ['queue', 'request', 'decode'].filter((part) => part in call)) {
      lines.push(line(`${name}: ${part}`, at, at + call[part], numbers.total))
      at += call[part]
    }
  }
  const head = `${tags.name} (${tags.event}): ${numbers.total.toFixed(1)} ms, ${tags.outcome}, ${numbers.renders} re-renders, ${calls.length} server functions, trace ${tags.trace_id}`
  return [head, ...lines].join('\n')
}

/** What is wrong with these runs by this budget; nothing if they are within it. */
export function verdict(runs: Run[], budget: Budget): string | undefined {
  const totals = runs.map((run) => run.interaction.numbers.total)
  const outcome = budget.outcome ?? 'rendered'
  const wrong: string[] = []
  let worst = runs.reduce((a, b) => (b.interaction.numbers.total > a.interaction.numbers.total ? b : a))
  const most = (what: string, allowed: number | undefined, of: (run: Run) => number) => {
    const found = runs.reduce((a, b) => (of(b) > of(a) ? b : a))
    if (allowed === undefined || of(found) <= allowed) return
    wrong.push(`${of(found)} ${what}, at most ${allowed} allowed`)
    worst = found
  }
  most('server functions', budget.serverFunctions, (run) => run.calls.length)
  most('re-renders', budget.renders, (run) => run.interaction.numbers.renders)
  const other = runs.find((run) => run.interaction.tags.outcome !== outcome)
  if (other) {
    wrong.push(`ended as ${other.interaction.tags.outcome}, expected ${outcome}`)
    worst = other
  }
  const p95 = percentile(totals, 0.95)
  if (budget.p95 !== undefined && p95 > budget.p95) wrong.push(`p95 of total ${p95.toFixed(1)} ms, at most ${budget.p95} ms allowed`)
  return wrong.length > 0 ? `${wrong.join('; ')} (${runs.length} runs)\n\nThe worst of them:\n${waterfall(worst)}` : undefined
}

type Fixtures = {
  /** The path of the page's beacon, as `init` was given it. */
  beacon: string
  /** What the page has reported to its beacon so far, as far as it came by `fetch`. */
  reported: Reported[]
  /** Runs the action, and fails if the interaction of this name is not within the budget. Gives the runs. */
  budget: (name: string, budget: Budget, action: () => Promise<void>) => Promise<Run[]>
}

export const test = base.extend<Fixtures>({
  beacon: ['/telemetry/beacon', { option: true }],
  reported: async ({ page, beacon }, use) => { await use(listen(page, beacon)) },
  budget: async ({ reported }, use) => {
    await use(async (name, budget, action) => {
      const before = runsOf(reported, name).length
      const wanted = budget.runs ?? 10
      for (let run = 1; run <= wanted; run++) {
        await action()
        await expect.poll(() => runsOf(reported, name).length, `interactions called ${name} that the page has reported`).toBe(before + run)
      }
      const runs = runsOf(reported, name).slice(before)
      const wrong = verdict(runs, budget)
      if (wrong) throw new Error(`${name} exceeds its budget: ${wrong}`)
      return runs
    })
  },
})

/** Collects what a page reports to the beacon at this path. */
export function listen(page: Page, beacon: string): Reported[] {
  const reported: Reported[] = []
  page.on('request', (request) => {
    const body = new URL(request.url()).pathname === beacon ? request.postData() : null
    if (body) add(reported, read(body).events)
  })
  return reported
}

/** What a page reports once more because it didn't hear the answer, for example while it was left, counts once. */
export function add(reported: Reported[], events: Reported[]): void {
  const key = ({ event, tags }: Reported) => `${event} ${tags.span_id}`
  const known = new Set(reported.filter((it) => it.tags.span_id).map(key))
  reported.push(...events.filter((it) => !known.has(key(it))))
}

export { expect }
