# Boots a system with both services in a container, on top of this one, and looks at them.
# Run in a mount namespace of its own: `unshare --mount sh service_in_container.sh PROJECT SITE OUT`.
# Nothing of this machine is changed: every write goes to memory. OUT/engine.json gets the findings
# about the engine, OUT/console.json those about the console, OUT/journal.txt what was said.
set -e
project=$1 site=$2 out=$3
mount --make-rprivate /
mount -t tmpfs none /run
mkdir -p /run/lock /run/layer
mount -t tmpfs none /run/layer
mkdir /run/layer/upper /run/layer/work /run/layer/root
root=/run/layer/root
mount -t overlay none -o lowerdir=/,upperdir=/run/layer/upper,workdir=/run/layer/work $root

mkdir -p $root/boot/firmware
touch $root/boot/firmware/config.txt
cd "$project"
/usr/bin/python3 -m hardware.raspberry_pi install --root $root --model 4
chroot $root systemd-sysusers /etc/sysusers.d/andante.conf
chroot $root systemctl enable andante-engine.service andante-console.service

# In the place of the virtual environment: both programs as they are in the project, where the
# services' users can read them whoever owns the folders above.
opt=$root/opt/andante
mkdir -p $opt/site $opt/firmware $opt/host $opt/tests $opt/venv/bin
path=/opt/andante/firmware:/opt/andante/host:/opt/andante/tests:/opt/andante/site
cat > $opt/venv/bin/andante <<END
#!/bin/sh
shift
PYTHONPATH=$path exec /usr/bin/python3 -Bc 'from andante.cli_serve import serve; serve()' "\$@"
END
cat > $opt/venv/bin/andante-host <<END
#!/bin/sh
PYTHONPATH=$path exec /usr/bin/python3 -Bc 'from andante_host.cli import main; main()' "\$@"
END
chmod 755 $opt/venv/bin/andante $opt/venv/bin/andante-host

# Simulated patients, as there is no board; and a page that hangs is found sooner than after the
# 30 s that it has on a device.
mkdir -p $root/etc/andante $root/etc/systemd/system/andante-console.service.d
echo ANDANTE_CONSOLE_TRY_OUT=1 > $root/etc/andante/console.env
printf '[Service]\nWatchdogSec=6\n' > $root/etc/systemd/system/andante-console.service.d/sooner.conf

cat > $root/etc/systemd/system/look.target <<END
[Unit]
Requires=basic.target
Wants=andante-engine.service andante-console.service look.service
END
cat > $root/etc/systemd/system/look.service <<END
[Unit]
After=andante-engine.service andante-console.service
[Service]
Type=oneshot
TimeoutStartSec=240
Environment=PYTHONPATH=$path
ExecStart=/usr/bin/python3 -B /opt/andante/tests/hardware/console_look.py /out/console.json
ExecStart=/usr/bin/python3 -B /opt/andante/tests/hardware/service_look.py /out/engine.json
ExecStopPost=/bin/sh -c 'journalctl --no-pager > /out/journal.txt'
ExecStopPost=/bin/systemctl poweroff --force
END
echo uninitialized > $root/etc/machine-id
touch "$out/booting"
systemd-nspawn -D $root --register=no --keep-unit --private-network --console=pipe \
  --bind="$out:/out" --bind-ro="$site:/opt/andante/site" \
  --bind-ro="$project/firmware:/opt/andante/firmware" --bind-ro="$project/host:/opt/andante/host" \
  --bind-ro="$project/tests:/opt/andante/tests" --boot systemd.unit=look.target < /dev/null
