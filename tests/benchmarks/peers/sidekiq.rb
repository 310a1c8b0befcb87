# Sidekiq as the harness for peers asks for it: its jobs (`sidekiq -r`), and what produce.py does for Python peers.
require "json"
require "sidekiq"

URL = ENV.fetch("BENCH_REDIS_URL")
Sidekiq.configure_server { |config| config.redis = {url: URL} }
Sidekiq.configure_client { |config| config.redis = {url: URL} }
Sidekiq.logger.level = Logger::FATAL

def now
  Process.clock_gettime(Process::CLOCK_MONOTONIC, :nanosecond)
end

# As record.py: id, phase << 28 | pid, monotonic nanoseconds.
RECORD = File.open(ENV.fetch("BENCH_RECORD", "/dev/null"), File::WRONLY | File::APPEND | File::CREAT)
def mark(id, phase = 2)
  RECORD.syswrite([id, (phase << 28) | (Process.pid & 0xFFFFFFF), now].pack("L<L<Q<"))
end

class Noop
  include Sidekiq::Worker
  sidekiq_options queue: "bench"
  def perform(id)
    mark(id)
  end
end

class Nap
  include Sidekiq::Worker
  sidekiq_options queue: "bench"
  def perform(id, seconds)
    mark(id, 1)
    sleep seconds
    mark(id)
  end
end

class Fail
  include Sidekiq::Worker
  sidekiq_options queue: "bench"
  sidekiq_retry_in { 60 }
  def perform(id)
    mark(id)
    raise "always"
  end
end

NAPS = {"nap10" => 0.010, "nap2000" => 2.0}

def class_of(task)
  NAPS.key?(task) ? Nap : (task == "fail" ? Fail : Noop)
end

def args_of(task, id)
  NAPS.key?(task) ? [id, NAPS[task]] : [id]
end

def send_many(task, ids)
  Sidekiq::Client.push_bulk("class" => class_of(task), "args" => ids.map { |id| args_of(task, id) })
end

def latency(samples, seed)
  random = Random.new(seed)
  sent = (1..samples).map do |id|
    sleep random.rand(0.2..0.8)
    at = now
    Noop.perform_async(id)
    at
  end
  {sent: sent}
end

def produce(mode, task, count)
  200.times { class_of(task).perform_async(*args_of(task, 0)) } unless mode == "fill"
  began = now
  if mode == "one"
    (1..count).each { |id| class_of(task).perform_async(*args_of(task, id)) }
  else
    (1..count).each_slice(1000) { |ids| send_many(task, ids) }
  end
  {n: count, secs: (now - began) / 1e9}
end

if ARGV.first == "produce"
  mode, *rest = ARGV.drop(1)
  puts JSON.generate(mode == "latency" ? latency(rest[0].to_i, rest[1].to_i) : produce(mode, rest[0], rest[1].to_i))
end
