# A program that uses Sidekiq, for tests: reads lines of JSON with an expression and the variables in it, and answers
# each by a line of JSON with the value or the error. It serves Sidekiq Web too, on `$port`.
require "json"
require "sidekiq"
require "sidekiq/api"
require "sidekiq/web"
require "rack/handler/webrick"
require "securerandom"

answers = $stdout.dup
$stdout.reopen($stderr) # what libraries print is no answer
Sidekiq.logger.level = Logger::FATAL
Redis.silence_deprecations = true
Sidekiq.configure_client { |config| config.redis = {url: ENV.fetch("SIDEKIQ_REDIS_URL")} }

class Echo
  include Sidekiq::Worker
end

module Billing
  class Invoice
    include Sidekiq::Worker
    sidekiq_options queue: "billing", retry: 7, backtrace: 5, tags: ["money"]
  end
end

app = Rack::Builder.app do
  use Rack::Session::Cookie, secret: SecureRandom.hex(32), same_site: true
  run Sidekiq::Web
end
quiet = WEBrick::Log.new(File.open(File::NULL, "w"))
started = Queue.new
Thread.new do
  Rack::Handler::WEBrick.run(app, Host: "127.0.0.1", Port: 0, Logger: quiet, AccessLog: []) { |server| started << server }
end
$port = started.pop.listeners.first.addr[1]

while (line = $stdin.gets)
  begin
    code, variables = JSON.parse(line)
    scope = TOPLEVEL_BINDING.dup
    variables.each { |name, value| scope.local_variable_set(name, value) }
    answer = {value: eval(code, scope)}
  rescue StandardError, ScriptError => error
    answer = {error: "#{error.class}: #{error.message}\n#{error.backtrace.first(5).join("\n")}"}
  end
  answers.puts(JSON.generate(answer))
  answers.flush
end
