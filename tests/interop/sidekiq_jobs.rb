# The jobs of a real Sidekiq server, for tests: each run puts what it got into the list `ran`.
require "json"
require "sidekiq"
require "sidekiq/launcher"
require "sidekiq/scheduled"

Redis.silence_deprecations = true
Sidekiq.configure_server do |config|
  config.redis = {url: ENV.fetch("SIDEKIQ_REDIS_URL")}
  config.options[:poll_interval_average] = 0.1
end

# Else it looks at the schedule only after up to five seconds, and tells of itself each five seconds.
Sidekiq::Scheduled::Poller.class_eval { def initial_wait; end }
Sidekiq::Launcher.send(:remove_const, :BEAT_PAUSE)
Sidekiq::Launcher::BEAT_PAUSE = 0.2

module Noting
  def self.included(job)
    job.include(Sidekiq::Worker)
  end

  def note(args)
    Sidekiq.redis { |redis| redis.rpush("ran", JSON.generate([self.class.name, jid, args])) }
  end
end

class Echo
  include Noting
  def perform(*args)
    note(args)
  end
end

module Billing
  class Invoice < Echo
  end
end

class Failing
  include Noting
  def perform(*args)
    note(args)
    raise ArgumentError, "Sidekiq won't: #{args.first}"
  end
end

# Fails in a node of ours alone.
class FailingElsewhere < Echo
end
