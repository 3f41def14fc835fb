// A backend for the StatsD server of npm: writes what it has as one line of JSON to stdout, each time it flushes.
exports.init = function (_startup, _config, events) {
  events.on('flush', function (_time, metrics) {
    const { counters, gauges, timers, timer_counters, counter_rates } = metrics
    console.log(JSON.stringify({ counters, gauges, timers, timer_counters, counter_rates }))
  })
  console.log('{"ready": true}')
  return true
}
